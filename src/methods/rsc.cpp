#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "methods/shared/affine_head.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct RscOptions : L2Option {
  PerReplica<double> feature_share = 1.0 / 3.0;
  PerReplica<double> row_share = 1.0 / 3.0;
};

/// Representation self-challenging (Huang et al. 2020; as in DomainBed): of each row the features
/// that speak most for its label are muted, on the rows that need them most, and the last layer
/// predicts from what is left; that loss is minimised.
///
/// The gradient g of the label's logit by the features decides: a feature is muted where g is at
/// least the (1 - feature_share) quantile of the row. The rows whose probability of the label falls
/// most by that are chosen, by the (1 - row_share) quantile of the fall over the minibatch; the
/// others keep all features. Quantiles are interpolated linearly. The last layer must be affine, so
/// that g is a column of its weights and no second backward pass is needed. A binary label has one
/// logit here: for label 0 it counts negatively. Defaults and ranges are DomainBed's; its range
/// begins at 0, which still mutes the largest feature, as here.
class Rsc final : public ObjectiveMethod {
 public:
  using Options = RscOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("feature_share", &O::feature_share,
                   "Share of the features of a row that are muted.", between(0, 1),
                   uniform(0.0, 0.5))
            .field("row_share", &O::row_share, "Share of the rows whose features are muted.",
                   between(0, 1), uniform(0.0, 0.5))
            .include(L2Option::schema());
    return schema;
  }

  Rsc(const Options& options, const MethodContext& context)
      : options_(options), context_(context), l2_(per_replica_tensor(options.l2, context)) {
    if (context.task == Task::regression) {
      throw UsageError("rsc needs classes: it mutes the features that speak for the label");
    }
  }

  void check(const Model& model) const override { require_affine_head("rsc", model, context_); }
  [[nodiscard]] double cost_factor() const override { return 1.2; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 4.0 * sizes.batch_rows * sizes.activations;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const std::int64_t replicas = output.logits.size(0);
    const Tensor features = output.features.expand({replicas, -1, -1});
    const AffineHead head = affine_head("rsc", trainer.model(), trainer.parameters(), output);
    Output muted = output;
    muted.logits = head_logits(head, features * kept(head, output, batch));
    trainer.count_flops(8.0 * static_cast<double>(features.numel() * muted.logits.size(2)));
    return row_mean(row_losses(muted, batch), batch) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  /// 1 where a feature of a row stays, [K, E * B, F]; a constant.
  [[nodiscard]] Tensor kept(const AffineHead& head, const Output& output,
                            const Batch& batch) const {
    const at::NoGradGuard no_grad;
    const Tensor features = output.features.expand({output.logits.size(0), -1, -1});
    const Tensor slopes = label_slopes(head, features, batch);
    const Tensor stays = slopes.lt(quantile(slopes, options_.feature_share, false));
    const Tensor mask = stays.to(features.scalar_type());
    Output muted = output;
    muted.logits = head_logits(head, features * mask);
    Tensor falls = (row_confidence(output, batch) - row_confidence(muted, batch)).flatten(1);
    if (batch.weight.defined()) {
      // Rows that do not count are not among those of the share: nobody may have seen their labels.
      falls = falls.masked_fill(batch.weight.flatten(1).le(0), kUncounted);
    }
    const Tensor unmoved =
        falls.lt(quantile(falls, options_.row_share, batch.weight.defined())).unsqueeze(2);
    return stays.logical_or(unmoved).to(features.scalar_type());
  }

  /// The gradient of the label's logit by the features of each row, [K, E * B, F].
  static Tensor label_slopes(const AffineHead& head, const Tensor& features, const Batch& batch) {
    const Tensor label = batch.y.flatten(1).expand({features.size(0), -1}).unsqueeze(2);
    const Tensor columns = head.weights.transpose(1, 2);  // [K, C, F]
    if (batch.task == Task::binary) {
      return columns * (2.0 * label.to(features.scalar_type()) - 1.0);
    }
    return columns.gather(1, label.expand_as(features));
  }

  static constexpr double kUncounted = std::numeric_limits<double>::infinity();

  /// The (1 - share) quantile along the last dimension, which stays as 1. With `uncounted` values
  /// are [K, N], and those of a replica that are `kUncounted` are left out.
  [[nodiscard]] static Tensor quantile(const Tensor& values, const PerReplica<double>& share,
                                       bool uncounted) {
    const Tensor sorted = std::get<0>(values.sort(-1));
    std::vector<Tensor> each;
    for (std::int64_t k = 0; k < values.size(0); ++k) {
      std::int64_t last = values.size(-1) - 1;
      if (uncounted) {
        const auto counted = values[k].ne(kUncounted).sum().item<std::int64_t>();
        last = std::max<std::int64_t>(counted - 1, 0);
      }
      const double place = (1.0 - share.at(k)) * static_cast<double>(last);
      const auto below = std::min(static_cast<std::int64_t>(std::floor(place)), last);
      const Tensor low = sorted[k].narrow(-1, below, 1);
      const Tensor high = sorted[k].narrow(-1, std::min(below + 1, last), 1);
      each.push_back(low + (high - low) * (place - static_cast<double>(below)));
    }
    return at::stack(each);
  }

  Options options_;
  MethodContext context_;
  Tensor l2_;
};

}  // namespace

void register_rsc(Catalog& catalog);
void register_rsc(Catalog& catalog) {
  catalog.methods.add<Rsc>("rsc", "Mutes the features that speak most for the label.",
                           "Huang et al. 2020, arXiv:2007.02454");
}

}  // namespace spurion::methods
