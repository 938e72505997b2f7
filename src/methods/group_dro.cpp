#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/inferred_domains.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct GroupDroOptions : L2Option {
  PerReplica<double> step_size = 0.01;
  std::string groups = "domain";
  PerReplica<double> adjustment = 0.0;
  std::string sampling = "shuffled";
};

/// Online group DRO (Sagawa et al. 2020, algorithm 1): q_g <- q_g exp(step_size * l_g), normalised;
/// L = sum_g q_g l_g, with l_g = R_g + C / sqrt(n_g).
///
/// The groups are the training domains, as in DomainBed, or with `groups = "group"` the cells of
/// (label, cue), as in the paper. R_g is the mean loss of the rows of group g in the minibatch, 0
/// where it has none. n_g counts the rows of a group in the training set; a group without any has
/// no adjustment. All domains have equally many rows, so the adjustment C is one of groups. The
/// paper draws minibatches with balanced groups (`sampling = "group_balanced"`); without, a rare
/// group is missing from many minibatches. Over domains, balanced draws are within each domain.
class GroupDro final : public ObjectiveMethod {
 public:
  using Options = GroupDroOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("step_size", &O::step_size,
                   "Step size of the exponentiated-gradient ascent on q.", at_least(0),
                   log_uniform(1e-3, 1e-1))
            .field("groups", &O::groups,
                   "What q is over. domain: the training domains. group: the cells of label and "
                   "cue, whose labels are needed.",
                   one_of({"domain", "group"}))
            .field("adjustment", &O::adjustment,
                   "Constant C of the addend C / sqrt(n_g) of a group's loss. It needs groups = "
                   "'group'. The paper tries 0 to 5.",
                   at_least(0))
            .field("sampling", &O::sampling,
                   "How rows are drawn. shuffled: each once in an epoch. class_balanced and "
                   "group_balanced: with replacement, each class or group as often as another.",
                   one_of({"shuffled", "class_balanced", "group_balanced"}))
            .include(L2Option::schema());
    return schema;
  }

  GroupDro(const Options& options, const MethodContext& context)
      : step_size_(per_replica_tensor(options.step_size, context)),
        l2_(per_replica_tensor(options.l2, context)),
        adjustment_(per_replica_tensor(options.adjustment, context)),
        by_group_(options.groups == "group") {
    const auto& constants = options.adjustment.values();
    adjusted_ = std::any_of(constants.begin(), constants.end(), [](double c) { return c > 0.0; });
    if (options.sampling == "class_balanced") request_.sampling = Sampling::class_balanced;
    if (options.sampling == "group_balanced") request_.sampling = Sampling::group_balanced;
    if (by_group_) {
      require_groups("group_dro with groups = 'group'", context);
      request_.training_set = adjusted_;
    } else {
      if (adjusted_) throw UsageError("'adjustment' of group_dro needs groups = 'group'");
      request_.within_domains = request_.sampling != Sampling::shuffled;
    }
    if (request_.sampling == Sampling::group_balanced) {
      require_groups("group_dro with sampling = 'group_balanced'", context);
    }
    if (request_.sampling == Sampling::class_balanced && context.task == Task::regression) {
      throw UsageError("group_dro with sampling = 'class_balanced' needs classes");
    }
    const std::int64_t count = by_group_ ? context.groups : context.domains;
    weights_ = at::full({context.replicas, count}, 1.0 / static_cast<double>(count),
                        at::device(context.device));
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = !by_group_;
    access.group_labels = by_group_ || request_.sampling == Sampling::group_balanced;
    return access;
  }
  [[nodiscard]] RowRequest row_request() const override { return request_; }
  [[nodiscard]] RiskInput risk_input() const override {
    return by_group_ ? RiskInput::logits : RiskInput::risks;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    Tensor risks = by_group_ ? group_risks(output, batch) : domain_risks(output, batch);
    if (adjusted_) risks = risks + addends(trainer);
    weights_ = ascended(weights_, step_size_, risks);
    return (weights_ * risks).sum(1) + l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override {
    visit("weights", weights_);
    visit("addends", addends_);
  }

 private:
  /// Mean loss of the rows of each group, [K, G]; 0 where there are none.
  [[nodiscard]] Tensor group_risks(const Output& output, const Batch& batch) const {
    const Tensor group = groups_of(batch);
    // A row that weighs nothing, as where its label is hidden, is in no mean and in no count.
    if (batch.weight.defined()) {
      return part_means(row_losses(output, batch), batch, group, weights_.size(1)).means;
    }
    const Tensor losses = losses::row_loss(batch.task, output.logits, batch.y.flatten(1));
    const Tensor counts = count_groups(group, weights_.size(1));
    std::vector<Tensor> each;
    for (std::int64_t g = 0; g < weights_.size(1); ++g) {
      // `weighted_mean` divides by all rows.
      const Tensor rows = counts.narrow(1, g, 1).clamp_min(1).to(at::kDouble);
      const Tensor share = (static_cast<double>(group.size(1)) / rows).to(at::kFloat);
      each.push_back(weighted_mean(losses, group.eq(g).to(at::kFloat) * share));
    }
    return at::stack(each, 1);
  }

  /// C / sqrt(n_g), [K, G].
  const Tensor& addends(ReplicaTrainer& trainer) {
    if (addends_.defined()) return addends_;
    Tensor counts;
    trainer.over_training_rows([&](const Batch& rows) {
      const Tensor part = count_groups(groups_of(rows), weights_.size(1));
      counts = counts.defined() ? counts + part : part;
    });
    const Tensor each = counts.to(at::kDouble);
    const Tensor inverse = at::where(each.gt(0), each.clamp_min(1).rsqrt(), at::zeros_like(each));
    addends_ = adjustment_.unsqueeze(1) * inverse.to(at::kFloat);
    return addends_;
  }

  Tensor step_size_;
  Tensor l2_;
  Tensor adjustment_;
  bool by_group_;
  bool adjusted_ = false;
  RowRequest request_;
  Tensor weights_;  // [K, E or G]
  Tensor addends_;  // [K, G]
};

}  // namespace

void register_group_dro(Catalog& catalog);
void register_group_dro(Catalog& catalog) {
  catalog.methods.add<GroupDro>("group_dro",
                                "Online group DRO over the training domains, or over groups.",
                                "Sagawa et al. 2020, arXiv:1911.08731");
}

}  // namespace spurion::methods
