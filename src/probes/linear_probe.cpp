#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "probes/shared/cells.hpp"
#include "probes/shared/layer_option.hpp"
#include "probes/shared/ridge_reading.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

struct LinearProbeOptions : LayerOption {
  double ridge = 1e-3;
};

/// Linear probe of a hidden layer (Alain & Bengio 2016): whether the cue can be read out of it. A
/// ridge regression on the values of the cue is fitted to every second row, and read on the others,
///
///     reliance = max(0, (r - 1 / V) / (1 - 1 / V)),
///
/// where r is the mean over cells (label, value of the cue) of the share of rows whose value is
/// read rightly, and V the number of values. Cells count alike in the fit too: a layer that holds
/// the label alone then gives 0, although most rows agree with the cue. The paper fits a logistic
/// regression; ridge regression has a closed form, so that the same model gives the same bits.
///
/// It finds what a layer holds. Whether the output uses it, the probe is blind to.
class LinearProbe final : public ProbeOf<ProxyRows, ProxyLabels, CueLabels, Activations> {
 public:
  using Options = LinearProbeOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(LayerOption::schema())
            .field("ridge", &Options::ridge,
                   "Ridge penalty as a share of the mean square of a row of the layer.",
                   between(1e-12, 1e6));
    return schema;
  }
  LinearProbe(Options options, const ProbeContext& /*context*/) : options_(std::move(options)) {}

  [[nodiscard]] Evidence evidence() const override { return Evidence::presence; }
  [[nodiscard]] double passes() const override { return 1.0; }
  void check(const Model& model) const override { options_.check(model); }

 private:
  [[nodiscard]] Reliance look(const ProxyRows& rows, const ProxyLabels& labels,
                              const CueLabels& cues, const Activations& layers) const override {
    const Tensor held = layers.at(options_.of(layers.layers()), rows.x());
    Reliance found;
    found.of_cues = at::empty({layers.replicas(), cues.cues()}, at::kDouble);
    for (std::int64_t q = 0; q < cues.cues(); ++q) {
      const std::vector<Cells> cells = cells_of(labels.y(), cues, q);
      for (std::int64_t k = 0; k < layers.replicas(); ++k) {
        const Cells& own = cells[cells.size() == 1 ? 0 : static_cast<std::size_t>(k)];
        found.of_cues[k][q] = read_rightly(replica_rows(held, k), own);
      }
    }
    return found;
  }

  [[nodiscard]] double read_rightly(const Tensor& held, const Cells& cells) const {
    RidgeReading::Fit fit{held, every_second(cells.rows(), 0), {}, cells.values(), options_.ridge};
    for (std::int64_t row = 0; row < cells.rows(); ++row) fit.classes.push_back(cells.cue(row));
    const std::vector<std::int64_t> read = RidgeReading(fit, cells).read(held);
    const auto count = static_cast<std::size_t>(cells.count());
    std::vector<double> rows(count, 0.0);
    std::vector<double> right(count, 0.0);
    for (const std::int64_t row : every_second(cells.rows(), 1)) {
      const auto cell = static_cast<std::size_t>(cells.cell(row));
      rows[cell] += 1.0;
      if (read[static_cast<std::size_t>(row)] == cells.cue(row)) right[cell] += 1.0;
    }
    double sum = 0.0;
    double filled = 0.0;
    for (std::size_t cell = 0; cell < count; ++cell) {
      if (rows[cell] == 0.0) continue;
      sum += right[cell] / rows[cell];
      filled += 1.0;
    }
    if (filled == 0.0) return std::numeric_limits<double>::quiet_NaN();
    const double chance = 1.0 / static_cast<double>(cells.values());
    return std::max(0.0, (sum / filled - chance) / (1.0 - chance));
  }

  Options options_;
};

}  // namespace

void register_linear_probe(Catalog& catalog);
void register_linear_probe(Catalog& catalog) {
  catalog.probes.add<LinearProbe>("linear_probe",
                                  "Whether the cue can be read out of a hidden layer linearly.",
                                  "Alain & Bengio 2016, arXiv:1610.01644");
}

}  // namespace spurion::probes
