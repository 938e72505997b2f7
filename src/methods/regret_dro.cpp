#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct RegretDroOptions : L2Option {
  PerReplica<double> step_size = 0.1;
  std::string ceiling = "invariant";
};

/// Group DRO by regret, with exact ceilings (ours; minimax regret: Agarwal & Zhang 2022). Group DRO
/// weighs domains by their risks, so a domain that is noisy, and cannot be fitted better, takes all
/// the weight. Here the weights follow the regret,
///
///     q_e <- q_e exp(step_size regret_e), normalised;   L = sum_e q_e R_e,
///
/// where regret_e is the ceiling of the domain minus the accuracy on its rows of the minibatch, or
/// for a regression the mean squared error minus the ceiling. The ceiling is known from the
/// mechanism: that of the best predictor of the domain (`bayes`) or of the best predictor from the
/// causal features (`invariant`). Agarwal & Zhang subtract the least risk that the models of a
/// class have on the training rows. Regret is in units of accuracy, so a useful step is larger than
/// that of group DRO. The default and the range of the step are ours.
class RegretDro final : public ObjectiveMethod {
 public:
  using Options = RegretDroOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("step_size", &O::step_size,
                   "Step size of the exponentiated-gradient ascent on the weights.", at_least(0),
                   log_uniform(1e-2, 1e0))
            .field("ceiling", &O::ceiling,
                   "Regret against: invariant (the best predictor from causal features) or bayes "
                   "(the best predictor of the domain).",
                   one_of({"invariant", "bayes"}))
            .include(L2Option::schema());
    return schema;
  }

  RegretDro(const Options& options, const MethodContext& context)
      : step_size_(per_replica_tensor(options.step_size, context)),
        l2_(per_replica_tensor(options.l2, context)),
        weights_(at::full({context.replicas, context.domains},
                          1.0 / static_cast<double>(context.domains), at::device(context.device))),
        ceilings_(ceilings_of(options, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    access.exact_ceilings = true;
    return access;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risks = domain_risks(output, batch);
    weights_ = ascended(weights_, step_size_, regrets(output, batch, risks.detach()));
    return (weights_ * risks).sum(1) + l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override { visit("weights", weights_); }

 private:
  /// [K, E]; undefined where the method is only asked about itself.
  static Tensor ceilings_of(const Options& options, const MethodContext& context) {
    if (context.ceilings.empty()) return {};
    std::vector<double> values;
    for (const std::vector<Ceilings>& domains : context.ceilings) {
      SPURION_CHECK(static_cast<std::int64_t>(domains.size()) == context.domains,
                    "a minibatch has other domains than the environment");
      for (const Ceilings& of : domains) {
        values.push_back(options.ceiling == "bayes" ? of.bayes.value : of.invariant.value);
        if (std::isfinite(values.back())) continue;
        throw UsageError(fmt::format(
            "regret_dro needs the {} ceiling of every train domain, but the environment does not "
            "know it",
            options.ceiling));
      }
    }
    return at::tensor(values, at::kDouble)
        .reshape({context.replicas, context.domains})
        .to(context.device, at::kFloat);
  }

  /// [K, E]; `risks` are the mean squared errors of a regression.
  [[nodiscard]] Tensor regrets(const Output& output, const Batch& batch,
                               const Tensor& risks) const {
    SPURION_CHECK(ceilings_.defined(), "regret_dro trains without ceilings");
    if (batch.task == Task::regression) return risks - ceilings_;
    Tensor right = row_correct(output, batch).to(at::kFloat);
    if (batch.weight.defined()) right = right * batch.weight;
    return ceilings_ - right.mean(2);
  }

  Tensor step_size_;
  Tensor l2_;
  Tensor weights_;   // [K, E]
  Tensor ceilings_;  // [K, E]
};

}  // namespace

void register_regret_dro(Catalog& catalog);
void register_regret_dro(Catalog& catalog) {
  catalog.methods.add<RegretDro>(
      "regret_dro", "Group DRO by the regret against the exact ceiling of each domain.",
      "Agarwal & Zhang 2022, arXiv:2202.05436; the exact ceilings are ours");
}

}  // namespace spurion::methods
