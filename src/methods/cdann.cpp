#include <ATen/ATen.h>

#include <algorithm>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_adversary.hpp"
#include "spurion/catalog.hpp"

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
      : AdversarialMethod(options, context, classes_of("cdann", context)),
        classes_(classes_of("cdann", context)) {}

 protected:
  [[nodiscard]] Tensor seen(const Tensor& features, const Batch& batch) const override {
    const Tensor labels = batch.y.flatten(1);
    const Tensor each = at::arange(classes_, labels.options());
    const Tensor indicators = labels.unsqueeze(2).eq(each).to(features.scalar_type());
    const std::int64_t sets = std::max(features.size(0), indicators.size(0));
    return at::cat({features.expand({sets, -1, -1}), indicators.expand({sets, -1, -1})}, 2);
  }
  [[nodiscard]] Tensor row_weights(const Batch& batch) const override {
    const Tensor counts = batch_class_counts(batch, classes_);
    const Tensor present = counts.gt(0).sum(1, true).clamp_min(1).to(at::kDouble);
    const Tensor each = static_cast<double>(batch.domains * batch.rows_per_domain) /
                        (present * counts.clamp_min(1).to(at::kDouble));
    return by_class(each, batch).to(at::kFloat);
  }

 private:
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
