#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct CounterfactualAugmentationOptions : L2Option {};

/// The oracle: empirical risk minimisation on twins of the training rows whose cues are resampled
/// by intervention (`Intervention::resample_each`), so that no cue says anything about the label
/// and the rest of each row stays. Each row is replaced by its twin: beside it, it would leave half
/// of the correlation. No real data set offers such twins. Where the model is well specified this
/// reaches the invariant ceiling, up to the noise of the training set: what a method without
/// interventions can hope for. `erm` under a regime with `randomise_cue` trains on the same rows.
class CounterfactualAugmentation final : public ObjectiveMethod {
 public:
  using Options = CounterfactualAugmentationOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(L2Option::schema());
    return schema;
  }
  CounterfactualAugmentation(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.counterfactual_rows = true;
    return access;
  }
  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.randomised_cues = true;
    return request;
  }
  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  Tensor l2_;
};

}  // namespace

void register_counterfactual_augmentation(Catalog& catalog);
void register_counterfactual_augmentation(Catalog& catalog) {
  catalog.methods.add<CounterfactualAugmentation>(
      "counterfactual_augmentation",
      "The oracle: ERM on rows whose cues are resampled by intervention.", "oracle",
      Control::oracle);
}

}  // namespace spurion::methods
