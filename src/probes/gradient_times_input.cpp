#include <ATen/ATen.h>

#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

/// Gradient times input (Shrikumar et al. 2016): with the gradient g of the output s of a row x, as
/// in `input_gradient`, and the mean row m of the rows that are looked at,
///
///     a_cue = g . (x - m)_cue,   a_rest = g . (x - m)_rest,
///     reliance = |a_cue| / (|a_cue| + |a_rest|).
///
/// The paper has m = 0. Then an input that is 0 never counts, also where 0 is one of two values of
/// a cue; so the mean row takes its place. The number of a model is the mean over rows.
class GradientTimesInput final : public SharesProbe<ProxyRows, InputGradients, CueCarriers> {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  GradientTimesInput(const Options& /*options*/, const ProbeContext& /*context*/) {}

  [[nodiscard]] double passes() const override { return 3.0; }

 private:
  [[nodiscard]] std::vector<RowShares> shares(const ProxyRows& rows,
                                              const InputGradients& gradients,
                                              const CueCarriers& cues) const override {
    const Tensor& x = rows.x();
    return attribution_shares(confidence_gradient(gradients, x), x - mean_row(x), cues);
  }
};

}  // namespace

void register_gradient_times_input(Catalog& catalog);
void register_gradient_times_input(Catalog& catalog) {
  catalog.probes.add<GradientTimesInput>(
      "gradient_times_input", "Share of gradient times input that lies in the inputs of the cue.",
      "Shrikumar et al. 2016, arXiv:1605.01713");
}

}  // namespace spurion::probes
