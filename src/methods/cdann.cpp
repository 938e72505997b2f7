#include <ATen/ATen.h>

#include <algorithm>

#include "methods/shared/domain_adversary.hpp"
#include "methods/shared/group_weights.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::methods {
namespace {

struct CdannOptions : AdversaryOptions {};

/// Conditional domain-adversarial training (Li et al. 2018): as `dann`, but the adversary is told
/// the label and its loss counts every class alike, so that features may differ between domains as
/// much as the shares of their classes do: A = sum_i CE_i / (C n_y), with n_y the rows of the
/// minibatch of the label of row i and C the classes that it has. The gradient penalty is w
/// mean_i ||dCE_i/dfeatures||^2, where rows count alike. As in DomainBed, except that there the
/// label adds a learned vector to the features; here it enters as indicators beside them, which the
/// first layer of the adversary maps to such a vector.
class Cdann final : public AdversarialMethod {
 public:
  using Options = CdannOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(AdversaryOptions::schema());
    return schema;
  }

  Cdann(const Options& options, const MethodContext& context)
      : AdversarialMethod(options, context, classes_of(context)), classes_(classes_of(context)) {
    if (context.task == Task::regression) throw UsageError("cdann needs classes");
  }

 protected:
  [[nodiscard]] Tensor seen(const Tensor& features, const Batch& batch) const override {
    const Tensor labels = batch.y.flatten(1);
    const Tensor each = at::arange(classes_, labels.options());
    const Tensor indicators = labels.unsqueeze(2).eq(each).to(features.scalar_type());
    const std::int64_t sets = std::max(features.size(0), indicators.size(0));
    return at::cat({features.expand({sets, -1, -1}), indicators.expand({sets, -1, -1})}, 2);
  }
  [[nodiscard]] Tensor row_weights(const Batch& batch) const override {
    const Tensor labels = batch.y.flatten(1).contiguous();
    // Rows that do not count are in no class: nobody may have seen their labels.
    const Tensor counted = batch.weight.defined() ? at::where(batch.weight.flatten(1).gt(0), labels,
                                                              at::full_like(labels, classes_))
                                                  : labels;
    const Tensor counts = count_groups(counted, classes_ + 1).narrow(1, 0, classes_);
    const Tensor present = counts.gt(0).sum(1, true).clamp_min(1).to(at::kDouble);
    const Tensor each =
        static_cast<double>(labels.size(1)) / (present * counts.clamp_min(1).to(at::kDouble));
    return each.gather(1, labels.expand({each.size(0), -1})).to(at::kFloat);
  }

 private:
  static std::int64_t classes_of(const MethodContext& context) {
    return context.task == Task::multiclass ? context.outputs : 2;
  }

  std::int64_t classes_;
};

}  // namespace

void register_cdann(Catalog& catalog);
void register_cdann(Catalog& catalog) {
  catalog.methods.add<Cdann>("cdann",
                             "Features from which an adversary that knows the label cannot tell "
                             "the domain.",
                             "Li et al. 2018 (ECCV, Deep domain generalization via conditional "
                             "invariant adversarial networks)");
}

}  // namespace spurion::methods
