#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/linear_head.hpp"
#include "methods/shared/sparse_logistic.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct DfrOptions : L2Option {
  std::int64_t refits = 20;
  std::int64_t validation_rows = 1000;
};

constexpr double kStrengths[] = {1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01};

/// Held-out rows of one replica.
struct HeldOut {
  std::int64_t features = 0;
  std::vector<double> x = {};  ///< [n, F], standardised
  std::vector<std::int64_t> label = {};
  std::vector<std::vector<std::int64_t>> groups = {};  ///< the rows of each group

  /// Some of the rows, as a problem of class `positive` against the rest.
  [[nodiscard]] LogisticRows problem(const std::vector<std::int64_t>& rows,
                                     std::int64_t positive) const {
    LogisticRows out;
    out.features = features;
    out.x.reserve(rows.size() * static_cast<std::size_t>(features));
    for (std::int64_t f = 0; f < features; ++f) {
      for (const std::int64_t row : rows) {
        out.x.push_back(x[static_cast<std::size_t>(row * features + f)]);
      }
    }
    for (const std::int64_t row : rows) {
      out.label.push_back(label[static_cast<std::size_t>(row)] == positive ? 1.0 : 0.0);
    }
    return out;
  }
};

/// Deep feature reweighting (Kirichenko et al. 2023). The model is trained by ERM. After the last
/// step its last layer is replaced, and the refit is evaluated: logistic regressions with an L1
/// penalty, min ||w||_1 + C sum_i log(1 + exp(-s_i (w x_i + b))), on the standardised features of
/// held-out rows of the train domains, as many of each group as the smallest has. C is the one of
/// {1, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01} whose fit on one half of these rows has the best worst
/// group on the other half, the largest of those that tie. Then `refits` fits on other balanced
/// draws of all of them are averaged.
///
/// Differences from the authors' code: each group is halved, so that no half lacks one; the bias
/// has no penalty; features are standardised with the held-out rows. Many classes are each fitted
/// against the rest, as there. Measurements before the last step are those of the ERM model. Where
/// a group has no held-out row the trial fails before it trains.
class Dfr final : public Method {
 public:
  using Options = DfrOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("refits", &O::refits, "Number of balanced draws whose fits are averaged.",
                   between(1, 1000))
            .field("validation_rows", &O::validation_rows,
                   "Held-out rows of each train domain for the refit, at most.", between(1, 1e9))
            .include(L2Option::schema());
    return schema;
  }

  Dfr(const Options& options, const MethodContext& context)
      : options_(options),
        steps_(context.steps),
        groups_(context.groups),
        outputs_(context.outputs),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("dfr")) {
    if (context.task == Task::regression) throw UsageError("dfr needs classes");
    require_groups("dfr", context);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.group_labels_validation = true;
    access.validation_rows = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    // Rows, their features in float32 and float64, and one balanced draw.
    return static_cast<double>(options_.validation_rows) * (sizes.row + 6.0 * sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    // What cannot be refitted is not trained first.
    if (trainer.step() == 0) require_rows(trainer.validation_rows(options_.validation_rows));
    const Output output = trainer.forward(batch.x);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    if (trainer.step() == steps_) refit(trainer);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& /*trainer*/) const override {
    return head_.evaluated();
  }
  void visit_state(StateVisitor& visit) override { head_.visit_state(visit); }

 private:
  void require_rows(const Batch& rows) const {
    const Tensor counts = count_groups(groups_of(rows).to(at::kCPU), groups_);
    for (std::int64_t k = 0; k < counts.size(0); ++k) {
      for (std::int64_t g = 0; g < groups_; ++g) {
        if (counts[k][g].item<std::int64_t>() > 0) continue;
        throw UsageError(fmt::format(
            "dfr needs held-out rows of every group, but none of {} is of group {}: raise "
            "'validation_rows', or choose an environment whose train domains have every group",
            rows.domains * rows.rows_per_domain, g));
      }
    }
  }

  void refit(ReplicaTrainer& trainer) {
    const at::NoGradGuard no_grad;
    const Batch rows = trainer.validation_rows(options_.validation_rows);
    const Tensor features = trainer.forward(rows.x).features.to(at::kCPU, at::kDouble);
    const Tensor labels = rows.y.flatten(1).to(at::kCPU);
    const Tensor groups = groups_of(rows).to(at::kCPU);
    const std::int64_t replicas = trainer.replicas();
    const std::int64_t width = features.size(2);
    const Tensor weights = at::zeros({replicas, width, outputs_}, at::kDouble);
    const Tensor bias = at::zeros({replicas, outputs_}, at::kDouble);
    const auto own = [](const Tensor& values, std::int64_t k) {
      return values[values.size(0) == 1 ? 0 : k].contiguous();
    };
    double flops = 0.0;
    for (std::int64_t k = 0; k < replicas; ++k) {
      Tensor x = own(features, k);
      // Of a replica that has diverged nothing can be fitted, and nothing is evaluated.
      if (!at::isfinite(x).all().item<bool>()) continue;
      const Tensor mean = x.mean(0, true);
      Tensor spread = (x - mean).pow(2).mean(0, true).sqrt();
      spread = at::where(spread.gt(0), spread, at::ones_like(spread));
      x = ((x - mean) / spread).contiguous();
      const HeldOut held_out = rows_of(x, own(labels, k), own(groups, k));
      const RandomKey& key = keys_[static_cast<std::size_t>(k)];
      const double strength = chosen_strength(held_out, key.child("halves"), flops);
      for (std::int64_t c = 0; c < outputs_; ++c) {
        const LogisticFit fit = averaged(held_out, strength, c, key.child("refits"), flops);
        const Tensor w = at::tensor(fit.weights, at::kDouble) / spread[0];
        weights[k].select(1, c).copy_(w);
        bias[k][c] = fit.bias - (w * mean[0]).sum();
      }
    }
    trainer.count_flops(flops);
    head_.fit(weights, bias, trainer.device());
  }

  [[nodiscard]] HeldOut rows_of(const Tensor& x, const Tensor& labels, const Tensor& groups) const {
    HeldOut out;
    out.features = x.size(1);
    out.x.assign(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
    out.groups.resize(static_cast<std::size_t>(groups_));
    for (std::int64_t i = 0; i < x.size(0); ++i) {
      out.label.push_back(labels[i].item<std::int64_t>());
      out.groups[static_cast<std::size_t>(groups[i].item<std::int64_t>())].push_back(i);
    }
    return out;
  }

  /// The class that is fitted against the rest for output c.
  [[nodiscard]] std::int64_t positive(std::int64_t c) const { return outputs_ == 1 ? 1 : c; }

  /// As many rows of each group as the smallest has, at random.
  static std::vector<std::int64_t> balanced(const std::vector<std::vector<std::int64_t>>& groups,
                                            const RandomKey& key) {
    std::size_t least = groups.front().size();
    for (const auto& group : groups) least = std::min(least, group.size());
    std::vector<std::int64_t> rows;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const auto order = permutation(key.child(static_cast<std::uint64_t>(g)),
                                     static_cast<std::int64_t>(groups[g].size()));
      for (std::size_t i = 0; i < least; ++i) {
        rows.push_back(groups[g][static_cast<std::size_t>(order[i])]);
      }
    }
    return rows;
  }

  [[nodiscard]] double chosen_strength(const HeldOut& rows, const RandomKey& key,
                                       double& flops) const {
    std::vector<std::vector<std::int64_t>> fitted;
    std::vector<std::vector<std::int64_t>> judged;
    for (std::size_t g = 0; g < rows.groups.size(); ++g) {
      const auto& group = rows.groups[g];
      const auto order = permutation(key.child("half").child(static_cast<std::uint64_t>(g)),
                                     static_cast<std::int64_t>(group.size()));
      fitted.emplace_back();
      judged.emplace_back();
      for (std::size_t i = 0; i < order.size(); ++i) {
        (2 * i < order.size() ? fitted : judged)
            .back()
            .push_back(group[static_cast<std::size_t>(order[i])]);
      }
    }
    const std::vector<std::int64_t> train = balanced(fitted, key.child("balance"));
    std::vector<LogisticRows> problems;
    std::vector<LogisticFit> fits(static_cast<std::size_t>(outputs_));
    for (std::int64_t c = 0; c < outputs_; ++c) {
      problems.push_back(rows.problem(train, positive(c)));
    }
    double best = -1.0;
    double chosen = kStrengths[0];
    for (const double strength : kStrengths) {
      for (std::size_t c = 0; c < problems.size(); ++c) {
        const LogisticSolution found = sparse_logistic(problems[c], strength, fits[c]);
        fits[c] = found.fit;
        flops += found.flops;
      }
      const double score = worst_group(rows, judged, fits);
      if (score > best) {
        best = score;
        chosen = strength;
      }
    }
    return chosen;
  }

  /// The least accuracy of a group that has rows.
  static double worst_group(const HeldOut& rows,
                            const std::vector<std::vector<std::int64_t>>& groups,
                            const std::vector<LogisticFit>& fits) {
    double worst = 1.0;
    for (const auto& group : groups) {
      if (group.empty()) continue;
      double right = 0.0;
      for (const std::int64_t row : group) {
        right +=
            predicted(rows, row, fits) == rows.label[static_cast<std::size_t>(row)] ? 1.0 : 0.0;
      }
      worst = std::min(worst, right / static_cast<double>(group.size()));
    }
    return worst;
  }

  static std::int64_t predicted(const HeldOut& rows, std::int64_t row,
                                const std::vector<LogisticFit>& fits) {
    std::vector<double> z;
    for (const LogisticFit& fit : fits) {
      double sum = fit.bias;
      for (std::int64_t f = 0; f < rows.features; ++f) {
        sum += fit.weights[static_cast<std::size_t>(f)] *
               rows.x[static_cast<std::size_t>(row * rows.features + f)];
      }
      z.push_back(sum);
    }
    if (z.size() == 1) return z.front() > 0.0 ? 1 : 0;
    return std::max_element(z.begin(), z.end()) - z.begin();
  }

  /// The mean of the fits on several balanced draws.
  [[nodiscard]] LogisticFit averaged(const HeldOut& rows, double strength, std::int64_t c,
                                     const RandomKey& key, double& flops) const {
    LogisticFit mean;
    mean.weights.assign(static_cast<std::size_t>(rows.features), 0.0);
    LogisticFit last;
    const double share = 1.0 / static_cast<double>(options_.refits);
    for (std::int64_t i = 0; i < options_.refits; ++i) {
      const auto draw = balanced(rows.groups, key.child(static_cast<std::uint64_t>(i)));
      const LogisticSolution found =
          sparse_logistic(rows.problem(draw, positive(c)), strength, last);
      last = found.fit;
      flops += found.flops;
      mean.bias += share * last.bias;
      for (std::size_t f = 0; f < mean.weights.size(); ++f) {
        mean.weights[f] += share * last.weights[f];
      }
    }
    return mean;
  }

  Options options_;
  std::int64_t steps_;
  std::int64_t groups_;
  std::int64_t outputs_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
  LinearHead head_{LinearHead::Gives::logits};
};

}  // namespace

void register_dfr(Catalog& catalog);
void register_dfr(Catalog& catalog) {
  catalog.methods.add<Dfr>("dfr",
                           "Refits the last layer on held-out rows with balanced groups after ERM.",
                           "Kirichenko et al. 2023, arXiv:2204.02937");
}

}  // namespace spurion::methods
