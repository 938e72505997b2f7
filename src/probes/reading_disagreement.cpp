#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "probes/shared/cells.hpp"
#include "probes/shared/ridge_reading.hpp"
#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

struct ReadingDisagreementOptions {
  double ridge = 1e-3;
};

/// Disagreement of two readings of the same features (after Lee et al. 2022, who train two heads
/// that fit the labels and disagree): the model's own prediction, and a linear reading of the label
/// out of the features f with the directions u of the cue (`concept_direction`) projected out. With
/// the share D of rows where both predict different classes,
///
///     reliance = max(0, D where the label is not what the cue indicates
///                       - D where it is).
///
/// The second reading is a ridge regression on the labels, fitted to every second row; the rows
/// between them are read. Cells (label, value of the cue) count alike in the fit and in D. A cue
/// indicates the class that most rows with its value have. It needs rows that disagree with the
/// cue: without any it tells nothing.
class ReadingDisagreement final : public ProbeOf<ProxyRows, ProxyLabels, CueLabels, LastLayer> {
 public:
  using Options = ReadingDisagreementOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "ridge", &Options::ridge, "Ridge penalty as a share of the mean square of the features.",
        between(1e-12, 1e6));
    return schema;
  }
  ReadingDisagreement(const Options& options, const ProbeContext& /*context*/)
      : options_(options) {}

  [[nodiscard]] double passes() const override { return 1.0; }

 private:
  [[nodiscard]] Reliance look(const ProxyRows& rows, const ProxyLabels& labels,
                              const CueLabels& cues, const LastLayer& last) const override {
    const Output output = last.of(rows.x());
    const Tensor predicted = losses::predict(last.task(), output.logits).to(at::kCPU).contiguous();
    const Tensor features = output.features.contiguous();
    const Tensor middle = mean_row(features);
    Reliance found;
    found.of_cues = at::empty({last.replicas(), cues.cues()}, at::kDouble);
    for (std::int64_t q = 0; q < cues.cues(); ++q) {
      const std::vector<Cells> cells = cells_of(labels.y(), cues, q);
      const Tensor rest = features - along(features - middle, cue_directions(features, cells));
      for (std::int64_t k = 0; k < last.replicas(); ++k) {
        const Cells& own = cells[cells.size() == 1 ? 0 : static_cast<std::size_t>(k)];
        found.of_cues[k][q] = disagreement(
            replica_rows(rest, k), predicted.data_ptr<std::int64_t>() + k * own.rows(), own);
      }
    }
    return found;
  }

  [[nodiscard]] double disagreement(const Tensor& rest, const std::int64_t* predicted,
                                    const Cells& cells) const {
    RidgeReading::Fit fit{rest, every_second(cells.rows(), 0), {}, cells.labels(), options_.ridge};
    for (std::int64_t row = 0; row < cells.rows(); ++row) fit.classes.push_back(cells.label(row));
    const std::vector<std::int64_t> read = RidgeReading(fit, cells).read(rest);
    const auto count = static_cast<std::size_t>(cells.count());
    std::vector<double> rows(count, 0.0);
    std::vector<double> apart(count, 0.0);
    std::vector<bool> conflict(count, false);
    for (const std::int64_t row : every_second(cells.rows(), 1)) {
      const auto cell = static_cast<std::size_t>(cells.cell(row));
      rows[cell] += 1.0;
      conflict[cell] = cells.conflict(row);
      if (read[static_cast<std::size_t>(row)] != predicted[row]) apart[cell] += 1.0;
    }
    double sums[2] = {0.0, 0.0};  // where label and cue agree, and where not
    double filled[2] = {0.0, 0.0};
    for (std::size_t cell = 0; cell < count; ++cell) {
      if (rows[cell] == 0.0) continue;
      sums[conflict[cell] ? 1 : 0] += apart[cell] / rows[cell];
      filled[conflict[cell] ? 1 : 0] += 1.0;
    }
    if (filled[0] == 0.0 || filled[1] == 0.0) return std::numeric_limits<double>::quiet_NaN();
    return std::max(0.0, sums[1] / filled[1] - sums[0] / filled[0]);
  }

  Options options_;
};

}  // namespace

void register_reading_disagreement(Catalog& catalog);
void register_reading_disagreement(Catalog& catalog) {
  catalog.probes.add<ReadingDisagreement>(
      "reading_disagreement",
      "Where the model and a reading of its features without the cue disagree.",
      "Lee et al. 2022, arXiv:2202.03418");
}

}  // namespace spurion::probes
