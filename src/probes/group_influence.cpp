#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "probes/shared/cells.hpp"
#include "probes/shared/ridge_reading.hpp"
#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

struct GroupInfluenceOptions {
  double damping = 1e-2;
};

/// Influence of groups of training rows (Koh & Liang 2017; of groups, Koh et al. 2019), of the last
/// layer alone: by how much the loss of held-out rows would fall if rows of training counted more,
///
///     I_g = a_g' H^-1 b_g,
///
/// where a_g and b_g are the mean gradients of held-out rows and of training rows of group g, of a
/// row's loss by the weights and bias of the last layer, and H is the damped Hessian of the
/// training loss. Groups are cells (label, value of the cue). A model that follows the cue leaves
/// rows that disagree with it with large gradients; so
///
///     reliance = max(0, (C - A) / (C + A)),
///
/// with the mean C of I_g over groups whose label is not what the cue indicates, and A over the
/// others; both are at least 0. In H every group of training rows weighs alike: rare rows have a
/// large influence for being rare, also where the model does not use the cue. H is taken class by
/// class, the mean of p_c (1 - p_c) f f' plus d I, for features f with a 1 for the bias: for binary
/// tasks that is all of it, for several classes it leaves out the terms between classes. d is the
/// damping times the mean square of an entry of f. Without rows that disagree with the cue it tells
/// nothing.
class GroupInfluence final
    : public ProbeOf<ProxyRows, ProxyLabels, CueLabels, LastLayer, TrainingRows> {
 public:
  using Options = GroupInfluenceOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "damping", &Options::damping,
        "What is added to the diagonal of the Hessian, as a share of the mean square of a feature.",
        between(1e-9, 1e6));
    return schema;
  }
  GroupInfluence(const Options& options, const ProbeContext& /*context*/) : options_(options) {}

  [[nodiscard]] double passes() const override { return 2.0; }

 private:
  /// What the rows of one replica give the last layer, in float64.
  struct Rows {
    Tensor features;       ///< [B, F + 1], the last a 1
    Tensor probabilities;  ///< [B, C]; of class 1 alone for binary tasks
    Tensor errors;         ///< [B, C]: probabilities minus the labels
  };

  static Rows rows_of(const LastLayer& last, const Output& output, const Cells& cells,
                      std::int64_t k) {
    Rows rows;
    const Tensor features = replica_rows(output.features.flatten(2), k);
    rows.features = at::cat({features, at::ones({features.size(0), 1}, at::kDouble)}, 1);
    rows.probabilities = replica_rows(probabilities(last.task(), output.logits), k);
    rows.errors = rows.probabilities.clone();
    for (std::int64_t row = 0; row < cells.rows(); ++row) {
      const std::int64_t label = cells.label(row);
      if (last.task() != Task::binary) {
        rows.errors[row][label] -= 1.0;
      } else if (label == 1) {
        rows.errors[row][0] -= 1.0;
      }
    }
    return rows;
  }

  /// [cells]: the mean gradient of the rows of each cell, [C, F + 1]; undefined for empty cells.
  static std::vector<Tensor> gradients(const Rows& rows, const Cells& cells, std::int64_t count) {
    std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(count));
    for (std::int64_t row = 0; row < cells.rows(); ++row) {
      members[static_cast<std::size_t>(cells.cell(row))].push_back(row);
    }
    std::vector<Tensor> each(static_cast<std::size_t>(count));
    for (std::size_t cell = 0; cell < each.size(); ++cell) {
      if (members[cell].empty()) continue;
      const Tensor chosen = at::tensor(members[cell], at::kLong);
      each[cell] =
          rows.errors.index_select(0, chosen).t().matmul(rows.features.index_select(0, chosen)) /
          static_cast<double>(members[cell].size());
    }
    return each;
  }

  /// float64 [B, 1]: weights of rows with sum 1; every cell that has rows weighs alike.
  static Tensor cell_weights(const Cells& cells) {
    std::vector<double> rows(static_cast<std::size_t>(cells.count()), 0.0);
    for (std::int64_t row = 0; row < cells.rows(); ++row) {
      rows[static_cast<std::size_t>(cells.cell(row))] += 1.0;
    }
    const auto filled = static_cast<double>(
        std::count_if(rows.begin(), rows.end(), [](double count) { return count > 0.0; }));
    std::vector<double> weights;
    for (std::int64_t row = 0; row < cells.rows(); ++row) {
      weights.push_back(1.0 / (filled * rows[static_cast<std::size_t>(cells.cell(row))]));
    }
    return at::tensor(weights, at::kDouble).unsqueeze(1);
  }

  [[nodiscard]] Tensor hessian(const Rows& training, const Tensor& weights, std::int64_t c) const {
    const Tensor p = training.probabilities.select(1, c).unsqueeze(1);
    Tensor h = training.features.t().matmul(training.features * (p * (1.0 - p) * weights));
    h.diagonal().add_(options_.damping * training.features.square().mean().item<double>());
    return h;
  }

  [[nodiscard]] double influence(const Rows& held, const Cells& held_cells, const Rows& training,
                                 const Cells& training_cells) const {
    const std::int64_t count = std::max(held_cells.count(), training_cells.count());
    const std::vector<Tensor> ours = gradients(held, held_cells, count);
    const std::vector<Tensor> theirs = gradients(training, training_cells, count);
    std::vector<std::size_t> both;
    for (std::size_t cell = 0; cell < ours.size(); ++cell) {
      if (ours[cell].defined() && theirs[cell].defined()) both.push_back(cell);
    }
    const Tensor weights = cell_weights(training_cells);
    std::vector<double> found(ours.size(), 0.0);
    for (std::int64_t c = 0; c < held.errors.size(1); ++c) {
      if (both.empty()) break;
      std::vector<Tensor> columns;
      for (const std::size_t cell : both) columns.push_back(theirs[cell][c]);
      const Tensor steps = at::linalg_solve(hessian(training, weights, c), at::stack(columns, 1));
      for (std::size_t i = 0; i < both.size(); ++i) {
        found[both[i]] +=
            ours[both[i]][c].dot(steps.select(1, static_cast<std::int64_t>(i))).item<double>();
      }
    }
    double sums[2] = {0.0, 0.0};  // where label and cue agree, and where not
    double filled[2] = {0.0, 0.0};
    for (const std::size_t cell : both) {
      const auto number = static_cast<std::int64_t>(cell);
      const bool conflict =
          held_cells.indicated(number % held_cells.values()) != number / held_cells.values();
      sums[conflict ? 1 : 0] += found[cell];
      filled[conflict ? 1 : 0] += 1.0;
    }
    if (filled[0] == 0.0 || filled[1] == 0.0) return std::numeric_limits<double>::quiet_NaN();
    const double agree = std::max(0.0, sums[0] / filled[0]);
    const double disagree = std::max(0.0, sums[1] / filled[1]);
    const double both_together = agree + disagree;
    return both_together > 0.0 ? std::max(0.0, (disagree - agree) / both_together) : 0.0;
  }

  [[nodiscard]] Reliance look(const ProxyRows& rows, const ProxyLabels& labels,
                              const CueLabels& cues, const LastLayer& last,
                              const TrainingRows& training) const override {
    const Output held = last.of(rows.x());
    const Output trained = last.of(training.x());
    Reliance found;
    found.of_cues = at::empty({last.replicas(), cues.cues()}, at::kDouble);
    for (std::int64_t q = 0; q < cues.cues(); ++q) {
      for (std::int64_t k = 0; k < last.replicas(); ++k) {
        const Cells ours(labels.y(), cues.of(q), cues.values(q), k);
        const Cells theirs(training.y(), training.cue(q), cues.values(q), k);
        found.of_cues[k][q] = influence(rows_of(last, held, ours, k), ours,
                                        rows_of(last, trained, theirs, k), theirs);
      }
    }
    return found;
  }

  Options options_;
};

}  // namespace

void register_group_influence(Catalog& catalog);
void register_group_influence(Catalog& catalog) {
  catalog.probes.add<GroupInfluence>(
      "group_influence",
      "Influence of training rows that disagree with the cue, of the last layer.",
      "Koh & Liang 2017, arXiv:1703.04730; Koh et al. 2019, arXiv:1905.13289");
}

}  // namespace spurion::probes
