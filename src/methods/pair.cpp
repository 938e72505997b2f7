#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <vector>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/pareto_weights.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct PairOptions : L2Option {
  PerReplica<std::int64_t> anneal_steps = 150;
  PerReplica<double> erm_preference = 1e-12;
  PerReplica<double> irm_preference = 1e-2;
  PerReplica<double> balanced = 0.1;
};

/// Pareto invariant risk minimisation (Chen et al. 2023, PAIR-o): three losses are minimised
/// together, and the weight of each is found anew at every step,
///
///     L = w_1 mean_e R_e + w_2 mean_e (d R_e(s f) / ds at s = 1)^2 + w_3 var_e R_e,
///
/// with the penalty of IRMv1 and that of V-REx, here with E - 1 as divisor. w comes from exact
/// Pareto optimal search (`shared/pareto_weights.hpp`): it leads to losses l with r_1 l_1 = r_2 l_2
/// = r_3 l_3, where r is the preference: `erm_preference`, `irm_preference`, and 1 minus both. The
/// gradients that the search compares are those by the last layer, as in the authors' code of
/// coloured MNIST. Before `anneal_steps` it is ERM; the optimiser restarts then.
///
/// Defaults are those of that code, where ERM is trained by Adam and the rest by SGD with momentum
/// 0.9; here both have the trial's optimiser. The search ranges are ours. Where the code's solver
/// finds no weights they are the preference; so they are here. A loss that is exactly 0 is left out
/// of the search.
class Pair final : public ObjectiveMethod {
 public:
  using Options = PairOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("anneal_steps", &O::anneal_steps, "Steps of ERM at the beginning.", at_least(0),
                   uniform_integer(50, 250))
            .field("erm_preference", &O::erm_preference,
                   "Preference of the mean risk: the smaller it is, the larger may the risk be.",
                   Bounds{0.0, 0.4, true, false, {}}, log_uniform(1e-12, 1e-2))
            .field("irm_preference", &O::irm_preference, "Preference of IRMv1's penalty.",
                   Bounds{0.0, 0.4, true, false, {}}, log_uniform(1e-4, 0.3))
            .field("balanced", &O::balanced,
                   "How far from the preference the losses may be (a divergence in nats) before "
                   "balance comes first.",
                   at_least(0), log_uniform(1e-4, 1e-1))
            .include(L2Option::schema());
    return schema;
  }

  Pair(const Options& options, const MethodContext& context)
      : options_(options), l2_(per_replica_tensor(options.l2, context)) {
    if (context.domains < 2) {
      throw UsageError("pair compares the risks of several domains, but there is only one");
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (trainer.step() > 0) {
      Tensor begins = at::zeros({trainer.replicas()}, at::kBool);
      for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
        begins.data_ptr<bool>()[k] = options_.anneal_steps.at(k) == trainer.step();
      }
      if (begins.any().item<bool>()) trainer.restart(begins, trainer.parameters().detach());
    }
    ObjectiveMethod::step(trainer, batch);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor losses = three_losses(output, batch, trainer);  // [K, 3]
    const Tensor weights = weights_of(losses.detach(), output, batch, trainer);
    return (weights * losses).sum(1) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  static constexpr std::int64_t kLosses = 3;

  static Tensor three_losses(const Output& output, const Batch& batch,
                             const ReplicaTrainer& trainer) {
    const Tensor risks = domain_quantities(losses::RowQuantity::loss, output, batch, trainer);
    const Tensor slopes =
        domain_quantities(losses::RowQuantity::scale_gradient, output, batch, trainer);
    const Tensor mean = risks.mean(1);
    const Tensor variance = (risks - mean.unsqueeze(1)).pow(2).sum(1) /
                            static_cast<double>(std::max<std::int64_t>(batch.domains - 1, 1));
    return at::stack({mean, slopes.pow(2).mean(1), variance}, 1);
  }

  /// [K, 3]: those of ERM alone before a replica's `anneal_steps`.
  [[nodiscard]] Tensor weights_of(const Tensor& losses, const Output& output, const Batch& batch,
                                  const ReplicaTrainer& trainer) const {
    const std::int64_t replicas = trainer.replicas();
    Tensor weights = at::zeros({replicas, kLosses});
    weights.select(1, 0).fill_(1.0);
    bool any = false;
    for (std::int64_t k = 0; k < replicas; ++k) any = any || begun(k, trainer.step());
    if (!any) return weights.to(losses.device());
    const Tensor products =
        gradient_products(output, batch, trainer).to(at::kCPU, at::kDouble).contiguous();
    const Tensor values = losses.to(at::kCPU, at::kDouble).contiguous();
    for (std::int64_t k = 0; k < replicas; ++k) {
      if (!begun(k, trainer.step())) continue;
      Objectives of;
      const double* value = values.data_ptr<double>() + k * kLosses;
      const double* product = products.data_ptr<double>() + k * kLosses * kLosses;
      of.values.assign(value, value + kLosses);
      of.products.assign(product, product + kLosses * kLosses);
      const double erm = options_.erm_preference.at(k);
      const double irm = options_.irm_preference.at(k);
      of.preference = {erm, irm, 1.0 - erm - irm};
      const std::vector<double> found = pareto_weights(of, options_.balanced.at(k));
      for (std::int64_t i = 0; i < kLosses; ++i) {
        weights.data_ptr<float>()[k * kLosses + i] =
            static_cast<float>(found[static_cast<std::size_t>(i)]);
      }
    }
    return weights.to(losses.device());
  }

  [[nodiscard]] bool begun(std::int64_t replica, std::int64_t step) const {
    return step >= options_.anneal_steps.at(replica);
  }

  /// Inner products of the gradients of the three losses by weights and biases of a last layer on
  /// the features, [K, 3, 3].
  static Tensor gradient_products(const Output& output, const Batch& batch,
                                  const ReplicaTrainer& trainer) {
    Output apart;
    apart.logits = output.logits.detach().requires_grad_(true);
    const at::AutoGradMode enabled(true);
    const Tensor losses = three_losses(apart, batch, trainer);
    const Tensor f = domain_features(output, batch).detach().flatten(1, 2);
    const Tensor x = at::cat({f, at::ones_like(f.narrow(2, 0, 1))}, 2);
    std::vector<Tensor> gradients;
    for (std::int64_t i = 0; i < kLosses; ++i) {
      const Tensor slopes = torch::autograd::grad({losses.select(1, i).sum()}, {apart.logits}, {},
                                                  /*retain_graph=*/true)[0];
      gradients.push_back(
          engine::batched_matmul(x, engine::Transpose::yes, slopes, engine::Transpose::no)
              .flatten(1));
    }
    const Tensor all = at::stack(gradients, 1);  // [K, 3, (F + 1) * C]
    return engine::batched_matmul(all, engine::Transpose::no, all, engine::Transpose::yes);
  }

  Options options_;
  Tensor l2_;
};

}  // namespace

void register_pair(Catalog& catalog);
void register_pair(Catalog& catalog) {
  catalog.methods.add<Pair>("pair",
                            "Risk, IRMv1's penalty and V-REx's, weighed by Pareto optimal search.",
                            "Chen et al. 2023, arXiv:2206.07766");
}

}  // namespace spurion::methods
