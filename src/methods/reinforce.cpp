#include <ATen/ATen.h>

#include <string>

#include "methods/shared/policy_method.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct ReinforceOptions : PolicyOptions {
  std::string baseline = "value";
};

/// REINFORCE (Williams 1992) with a baseline: the gradient of A log pi(a | x) for each action
/// taken.
///
///  - `baseline = "value"`: A is the estimated advantage, the return minus the value that a network
///    of its own estimated while acting;
///  - `baseline = "batch_mean"`: A is the return minus its mean over the minibatch, without such a
///    network. What comes after a rollout is then unknown, so rollouts should hold whole episodes.
///
/// An action that another policy took, such as one that explores, counts pi(a | x) / P(a | x)
/// times, with the probability P by which it was taken. For actions of the policy itself that is 1.
class Reinforce final : public PolicyMethod {
 public:
  using Options = ReinforceOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("baseline", &O::baseline,
                   "What is subtracted from returns: value (an estimate for each state) or "
                   "batch_mean.",
                   one_of({"value", "batch_mean"}))
            .include(PolicyOptions::schema());
    return schema;
  }

  Reinforce(const Options& options, const MethodContext& context)
      : PolicyMethod("reinforce", options, context, options.baseline == "value"),
        from_values_(options.baseline == "value") {}

 private:
  [[nodiscard]] Tensor surrogate(const Tensor& log_probability, const Batch& batch) const override {
    const Tensor ratio = losses::exp(log_probability.detach() - batch.log_probability);
    if (from_values_) return ratio * batch.advantage * log_probability;
    const Tensor mean = row_mean(batch.returns, Batch{}).reshape({-1, 1, 1});
    return ratio * (batch.returns - mean) * log_probability;
  }

  bool from_values_;
};

}  // namespace

void register_reinforce(Catalog& catalog);
void register_reinforce(Catalog& catalog) {
  catalog.methods.add<Reinforce>("reinforce", "Policy gradient with a baseline.",
                                 "Williams 1992, doi:10.1007/BF00992696");
}

}  // namespace spurion::methods
