#include <ATen/ATen.h>

#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

/// Saliency (Simonyan et al. 2014): the gradient g of the output s by the inputs of a row,
///
///     reliance = |g_cue| / (|g_cue| + |g_rest|),
///
/// where g_cue is the part of the gradient in the inputs that carry the cue, g_rest the other part,
/// |.| the Euclidean length, and s the logit (binary), or the logit of the predicted class minus
/// the mean of all logits. The number of a model is the mean over rows. In the paper the gradient
/// is looked at; the share is how this library makes a number of it.
class InputGradient final : public SharesProbe<ProxyRows, InputGradients, CueCarriers> {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  InputGradient(const Options& /*options*/, const ProbeContext& /*context*/) {}

  [[nodiscard]] double passes() const override { return 3.0; }

 private:
  [[nodiscard]] std::vector<RowShares> shares(const ProxyRows& rows,
                                              const InputGradients& gradients,
                                              const CueCarriers& cues) const override {
    return gradient_shares(confidence_gradient(gradients, rows.x()), cues);
  }
};

}  // namespace

void register_input_gradient(Catalog& catalog);
void register_input_gradient(Catalog& catalog) {
  catalog.probes.add<InputGradient>(
      "input_gradient", "Share of the gradient by the inputs that lies in those of the cue.",
      "Simonyan et al. 2014, arXiv:1312.6034");
}

}  // namespace spurion::probes
