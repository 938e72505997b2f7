#include <ATen/ATen.h>

#include <algorithm>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/switched_penalty.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct RdmOptions : L2Option {
  PerReplica<double> penalty_weight = 5.0;
  PerReplica<double> variance_weight = 0.004;
  PerReplica<std::int64_t> anneal_steps = 1500;
};

/// Risk distribution matching (Nguyen et al. 2024): the losses of the rows shall have the same
/// distribution in all domains. L = R + w M + v (V_all + V_worst), with M the squared maximum mean
/// discrepancy between the losses of the domain of largest risk and the losses of all domains
/// together, and V the variances of these two sets (sums divided by their number less 1). The
/// kernel is sum_g exp(-g (a - b)^2), g in {0.0001, 0.001, ... 1000}. w and v are 0 before
/// anneal_steps; the optimiser restarts then. Defaults and ranges are DomainBed's, where the
/// learning rate changes to 1.5e-5 at that step too; here it stays.
class Rdm final : public ObjectiveMethod {
 public:
  using Options = RdmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the distance between the distributions of the losses.",
                   at_least(0), uniform(0.1, 10.0))
            .field("variance_weight", &O::variance_weight,
                   "Multiplier v of the variances of the losses.", at_least(0),
                   uniform(0.001, 0.007))
            .field("anneal_steps", &O::anneal_steps, "Steps without these penalties.", at_least(0),
                   uniform_integer(800, 2700))
            .include(L2Option::schema());
    return schema;
  }

  Rdm(const Options& options, const MethodContext& context)
      : matching_(options.penalty_weight, options.anneal_steps, context),
        variance_(options.variance_weight, options.anneal_steps, context),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return kernel_distance_bytes(sizes);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    matching_.before_step(trainer);
    ObjectiveMethod::step(trainer, batch);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    Tensor losses = row_losses(output, batch);  // [K, E, B]
    if (batch.weight.defined()) losses = losses * batch.weight;
    const Tensor risks = row_means(losses.unsqueeze(3)).squeeze(2).detach();  // [K, E]
    const Tensor domains = at::arange(batch.domains, at::device(risks.device()));
    const Tensor in_worst = domains.unsqueeze(0).eq(risks.argmax(1, true));  // [K, E]
    const Tensor all = at::ones_like(losses).flatten(1);
    const Tensor worst = in_worst.unsqueeze(2).expand_as(losses).to(at::kFloat).flatten(1);
    const Tensor values = losses.flatten(1);
    const Tensor spread = variance(values, all) + variance(values, worst);
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           matching_.weight(trainer.step()) * distance(values, share(worst) - share(all)) +
           variance_.weight(trainer.step()) * spread;
  }

 private:
  /// sum_i a_i b_i of each replica, [K], in row order.
  static Tensor dot(const Tensor& a, const Tensor& b) {
    return engine::batched_matmul(a.unsqueeze(1), engine::Transpose::no, b.unsqueeze(1),
                                  engine::Transpose::yes)
        .reshape({-1});
  }
  /// Of rows that are in a set (1) or not (0), [K, N]: 1 over their number, or 0.
  static Tensor share(const Tensor& inside) { return inside / inside.sum(1, true); }
  /// The variance of the values inside; 0 for one value.
  static Tensor variance(const Tensor& values, const Tensor& inside) {
    const Tensor mean = dot(values, share(inside)).unsqueeze(1);
    const Tensor divisor = (inside.sum(1) - 1.0).clamp_min(1.0);
    return dot(inside * (values - mean), values - mean) / divisor;
  }
  /// sum_ij s_i s_j k(v_i, v_j): the squared discrepancy of two sets, with s their shares, those of
  /// one negative.
  static Tensor distance(const Tensor& values, const Tensor& signed_share) {
    const Tensor squares = (values.unsqueeze(2) - values.unsqueeze(1)).pow(2);
    Tensor kernel = at::zeros_like(squares);
    for (const double scale : {0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0}) {
      kernel = kernel + losses::exp(-scale * squares);
    }
    const Tensor half = engine::batched_matmul(signed_share.unsqueeze(1), engine::Transpose::no,
                                               kernel, engine::Transpose::no);
    return dot(half.squeeze(1), signed_share);
  }

  SwitchedPenalty matching_;
  SwitchedPenalty variance_;
  Tensor l2_;
};

}  // namespace

void register_rdm(Catalog& catalog);
void register_rdm(Catalog& catalog) {
  catalog.methods.add<Rdm>("rdm", "Matches the losses of the worst domain with those of all.",
                           "Nguyen et al. 2024, arXiv:2310.18598");
}

}  // namespace spurion::methods
