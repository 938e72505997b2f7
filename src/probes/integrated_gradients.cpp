#include <ATen/ATen.h>

#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

struct IntegratedGradientsOptions {
  std::int64_t steps = 16;
};

/// Integrated gradients (Sundararajan et al. 2017): the gradient g of the output s, as in
/// `input_gradient`, averaged over the straight way from the mean row m of the rows that are looked
/// at to a row x, at t = (i + 1/2) / steps,
///
///     a = mean_i g(m + t_i (x - m)) * (x - m),
///     reliance = |sum of a over the inputs of the cue| / (that + |sum of a over the rest|).
///
/// Both sums together are s(x) - s(m), up to the error of the sum over steps. For several classes s
/// follows the class that is predicted at each point of the way. The number of a model is the mean
/// over rows.
class IntegratedGradients final : public SharesProbe<ProxyRows, InputGradients, CueCarriers> {
 public:
  using Options = IntegratedGradientsOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "steps", &Options::steps, "Points of the way at which gradients are taken.",
        between(1, 1024));
    return schema;
  }
  IntegratedGradients(const Options& options, const ProbeContext& /*context*/)
      : options_(options) {}

  [[nodiscard]] double passes() const override { return 3.0 * static_cast<double>(options_.steps); }

 private:
  [[nodiscard]] std::vector<RowShares> shares(const ProxyRows& rows,
                                              const InputGradients& gradients,
                                              const CueCarriers& cues) const override {
    const Tensor& x = rows.x();
    const Tensor start = mean_row(x);
    const Tensor change = x - start;
    Tensor sum;
    for (std::int64_t i = 0; i < options_.steps; ++i) {
      const double t = (static_cast<double>(i) + 0.5) / static_cast<double>(options_.steps);
      const Tensor gradient = confidence_gradient(gradients, start + change * t);
      sum = sum.defined() ? sum + gradient : gradient;
    }
    return attribution_shares(sum / static_cast<double>(options_.steps), change, cues);
  }

  Options options_;
};

}  // namespace

void register_integrated_gradients(Catalog& catalog);
void register_integrated_gradients(Catalog& catalog) {
  catalog.probes.add<IntegratedGradients>(
      "integrated_gradients",
      "Share of the integrated gradients that lies in the inputs of the cue.",
      "Sundararajan et al. 2017, arXiv:1703.01365");
}

}  // namespace spurion::probes
