#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/pair_sums.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct CadOptions : L2Option {
  PerReplica<double> penalty_weight = 0.1;
  PerReplica<double> temperature = 0.1;
  bool conditional = false;
};

/// The contrastive adversarial domain bottleneck (Ruan et al. 2022; as in DomainBed): L = R + w B.
/// With features f, the similarity of two rows is s_ij = f_i . f_j / T, and
///
///     B = mean_i -(T / 0.07) log( sum_{j in other domains} exp(s_ij) / sum_{j other than i}
///     exp(s_ij) )
///
/// over the rows i whose label another row of the minibatch has and that have rows of other
/// domains. It is small where a row is as similar to rows of other domains as to those of its own.
/// With `conditional` (CondCAD) both sums and the rows i are those of the same label. With one
/// domain B is 0. Defaults and ranges are DomainBed's, and so is the form of B that is minimised
/// (there `is_flipped`), without a projection and a normalisation of the features.
class Cad final : public ObjectiveMethod {
 public:
  using Options = CadOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the bottleneck.",
                   at_least(0), log_uniform(1e-4, 1e2))
            .field("temperature", &O::temperature, "Temperature T of the similarities.", positive(),
                   choice({0.05, 0.1}))
            .field("conditional", &O::conditional, "Compare rows of the same label only (CondCAD).")
            .include(L2Option::schema());
    return schema;
  }

  Cad(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        temperature_(per_replica_tensor(options.temperature, context)),
        conditional_(options.conditional),
        l2_(per_replica_tensor(options.l2, context)) {
    static_cast<void>(classes_of("cad", context));
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  /// Similarities, masks, powers and gradients, float32 for each pair of rows.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 4.0 * 20.0 * sizes.batch_rows * sizes.batch_rows;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           weight_ * bottleneck(output, batch);
  }

 private:
  static constexpr double kBaseTemperature = 0.07;

  [[nodiscard]] Tensor bottleneck(const Output& output, const Batch& batch) const {
    const Tensor f = domain_features(output, batch).flatten(1, 2);  // [K, R, F]
    const std::int64_t replicas = f.size(0);
    const std::int64_t rows = f.size(1);
    const Tensor similar =
        engine::batched_matmul(f, engine::Transpose::no, f, engine::Transpose::yes) /
        temperature_.reshape({-1, 1, 1});
    const Tensor label = batch.y.flatten(1);
    const Tensor same_label = label.unsqueeze(2).eq(label.unsqueeze(1));
    const Tensor domain =
        at::arange(batch.domains, label.options()).repeat_interleave(batch.rows_per_domain);
    const Tensor elsewhere = domain.unsqueeze(1).ne(domain.unsqueeze(0)).unsqueeze(0);
    const Tensor others = at::eye(rows, label.options()).eq(0).unsqueeze(0);
    // A row counts as much as it weighs in the minibatch.
    const auto counted = [&](const Tensor& mask) {
      const Tensor one = mask.to(f.scalar_type()).expand({replicas, rows, rows});
      return batch.weight.defined() ? one * batch.weight.flatten(1).unsqueeze(1) : one.contiguous();
    };
    const Tensor partners = counted(others.logical_and(same_label));
    const Tensor all = conditional_ ? partners : counted(others.expand_as(same_label));
    const Tensor far = conditional_ ? counted(elsewhere.logical_and(same_label))
                                    : counted(elsewhere.expand_as(same_label));
    const Tensor valid = last_sums(partners).gt(0.0).logical_and(last_sums(far).gt(0.0));
    const Tensor each = weighted_log_sums(similar, all) - weighted_log_sums(similar, far);
    Tensor anchors = valid.to(f.scalar_type());
    if (batch.weight.defined()) anchors = anchors * batch.weight.flatten(1);
    const Tensor share = weighted_mean(anchors, at::ones({1, rows}, anchors.options()));
    const Tensor mean =
        weighted_mean(each, anchors) / at::where(share.gt(0.0), share, at::ones_like(share));
    return mean * (temperature_ / kBaseTemperature);
  }

  Tensor weight_;
  Tensor temperature_;
  bool conditional_;
  Tensor l2_;
};

}  // namespace

void register_cad(Catalog& catalog);
void register_cad(Catalog& catalog) {
  catalog.methods.add<Cad>("cad", "Features that are as similar across domains as within them.",
                           "Ruan et al. 2022, arXiv:2201.00057");
}

}  // namespace spurion::methods
