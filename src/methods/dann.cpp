#include <ATen/ATen.h>

#include "methods/shared/domain_adversary.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct DannOptions : AdversaryOptions {};

/// Domain-adversarial training (Ganin et al. 2016): an adversary predicts the domain from the
/// features; it minimises its cross-entropy A, the model minimises R - lambda A, in one backward
/// pass through a gradient reversal.
///
/// Defaults and ranges are DomainBed's, and so is the penalty on the adversary's input gradients,
/// w mean ||dA/dfeatures||^2. DomainBed updates the adversary and the model on different
/// minibatches in turn; here `adversary_steps` updates of the adversary use the minibatch of the
/// model's update, the last of them at the same time, so every step updates the model. DomainBed's
/// Adam has beta2 = 0.9 and the searched beta1 for both; here the model has the trial's optimiser.
class Dann final : public AdversarialMethod {
 public:
  using Options = DannOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(AdversaryOptions::schema());
    return schema;
  }

  Dann(const Options& options, const MethodContext& context)
      : AdversarialMethod(options, context, 0) {}

 protected:
  [[nodiscard]] Tensor seen(const Tensor& features, const Batch& /*batch*/) const override {
    return features;
  }
  [[nodiscard]] Tensor row_weights(const Batch& /*batch*/) const override { return {}; }
};

}  // namespace

void register_dann(Catalog& catalog);
void register_dann(Catalog& catalog) {
  catalog.methods.add<Dann>("dann", "Features from which an adversary cannot tell the domain.",
                            "Ganin et al. 2016, arXiv:1505.07818");
}

}  // namespace spurion::methods
