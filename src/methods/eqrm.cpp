#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct EqrmOptions : L2Option {
  PerReplica<double> quantile = 0.75;
  PerReplica<double> burn_in_share = 0.5;
  PerReplica<double> quantile_learning_rate = 1e-6;
};

/// A number with its derivatives by the risks of the domains.
struct Quantile {
  double value = 0.0;
  std::vector<double> slopes;
};

/// The alpha-quantile q of the Gaussian kernel density of risks r_1 .. r_n, whose bandwidth is
/// h = 1.06 s n^(-1/5) (s: their standard deviation, with n - 1): mean_i Phi((q - r_i) / h) =
/// alpha. With h = 0 it is their mean.
Quantile kernel_quantile(const std::vector<double>& risks, double alpha) {
  const auto count = static_cast<double>(risks.size());
  double mean = 0.0;
  for (const double risk : risks) mean += risk / count;
  double squares = 0.0;
  for (const double risk : risks) squares += (risk - mean) * (risk - mean);
  const double deviation = risks.size() > 1 ? std::sqrt(squares / (count - 1.0)) : 0.0;
  const double width = 1.06 * deviation * std::pow(count, -0.2);
  Quantile out{mean, std::vector<double>(risks.size(), 1.0 / count)};
  if (!(width > 1e-12 * std::abs(mean)) || !std::isfinite(width)) return out;
  const auto below = [&](double q) {
    double sum = 0.0;
    for (const double risk : risks) sum += 0.5 * std::erfc((risk - q) / (width * std::sqrt(2.0)));
    return sum / count;
  };
  double low = *std::min_element(risks.begin(), risks.end()) - 40.0 * width;
  double high = *std::max_element(risks.begin(), risks.end()) + 40.0 * width;
  for (int i = 0; i < 80; ++i) {
    const double middle = 0.5 * (low + high);
    (below(middle) < alpha ? low : high) = middle;
  }
  out.value = 0.5 * (low + high);
  // The equation above, differentiated: dq = sum_i p_i dr_i + (sum_i p_i u_i) dh, with u_i =
  // (q - r_i) / h and p_i proportional to exp(-u_i^2 / 2).
  std::vector<double> density;
  double least = 1e300;
  for (const double risk : risks) {
    density.push_back((out.value - risk) / width);
    least = std::min(least, density.back() * density.back());
  }
  double sum = 0.0;
  double moment = 0.0;
  for (double& u : density) {
    const double weight = std::exp(0.5 * (least - u * u));
    sum += weight;
    moment += weight * u;
    u = weight;
  }
  for (std::size_t i = 0; i < risks.size(); ++i) {
    const double of_width =
        width / deviation * (risks[i] - mean) / ((count - 1.0) * deviation);  // dh / dr_i
    out.slopes[i] = density[i] / sum + moment / sum * of_width;
  }
  return out;
}

/// Empirical quantile risk minimisation (Eastwood et al. 2022, algorithm 1; as in DomainBed): the
/// mean risk is minimised for a share of the steps; then the optimiser restarts and the
/// alpha-quantile of the domains' risks is minimised, at a learning rate of its own. The quantile
/// is that of a Gaussian kernel density of the risks with bandwidth 1.06 s n^(-1/5).
///
/// Defaults and ranges are DomainBed's: alpha 0.75, a burn-in of 2,500 of 5,000 steps, a learning
/// rate of 1e-6 afterwards. That rate is small: what is learned after the burn-in is little where a
/// trial is short. The value is DomainBed's; the gradient is that of the quantile. DomainBed
/// differentiates the ends of its bisection, which is another direction. With one domain, or equal
/// risks, the quantile is the mean risk, where DomainBed divides by 0.
class Eqrm final : public ObjectiveMethod {
 public:
  using Options = EqrmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("quantile", &O::quantile,
                   "Quantile alpha of the domains' risks that is minimised.",
                   Bounds{0.0, 1.0, true, true, {}}, uniform(0.5, 0.99))
            .field("burn_in_share", &O::burn_in_share,
                   "Share of the steps that minimise the mean risk first.", between(0, 1),
                   log_uniform(0.063, 0.63))
            .field("quantile_learning_rate", &O::quantile_learning_rate,
                   "Learning rate after the burn-in, in place of the optimiser's.", positive(),
                   log_uniform(1e-7, 1e-5))
            .include(L2Option::schema());
    return schema;
  }

  Eqrm(const Options& options, const MethodContext& context)
      : options_(options),
        stages_({options.burn_in_share}, context),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risks = domain_risks(output, batch);  // [K, E]
    const Tensor regularised = l2_penalty(l2_, trainer.parameters());
    const Tensor late = stages_.inside(1, trainer.step());
    if (!late.any().item<bool>()) return risks.mean(1) + regularised;
    const Tensor values = risks.detach().to(at::kCPU, at::kDouble).contiguous();
    const std::int64_t domains = values.size(1);
    Tensor offsets = at::zeros({values.size(0)}, at::kDouble);
    Tensor slopes = at::zeros_like(values);
    for (std::int64_t k = 0; k < values.size(0); ++k) {
      if (!late.data_ptr<bool>()[k]) continue;
      const double* row = values.data_ptr<double>() + k * domains;
      const Quantile found = kernel_quantile({row, row + domains}, options_.quantile.at(k));
      double linear = 0.0;
      for (std::int64_t e = 0; e < domains; ++e) {
        const double slope = found.slopes[static_cast<std::size_t>(e)];
        slopes.data_ptr<double>()[k * domains + e] = slope;
        linear += slope * row[e];
      }
      offsets.data_ptr<double>()[k] = found.value - linear;
    }
    // The tangent of the quantile at these risks: its value and its gradient.
    const Tensor quantiles =
        (risks * slopes.to(risks.options())).sum(1) + offsets.to(risks.options());
    return at::where(late.to(risks.device()), quantiles, risks.mean(1)) + regularised;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t now = trainer.step();
    if (now > 0 && stages_.any_begins(1, now)) {
      trainer.restart(stages_.begins(1, now), trainer.parameters().detach());
    }
    const Tensor late = stages_.inside(1, now);
    const bool any = late.any().item<bool>();
    const Tensor before = any ? trainer.parameters().detach().clone() : Tensor();
    ObjectiveMethod::step(trainer, batch);
    if (!any) return;
    // Every update rule is proportional to its rate, so scaling the change scales the rate.
    Tensor factor = at::ones({trainer.replicas(), 1});
    for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
      if (!late.data_ptr<bool>()[k]) continue;
      const double usual = trainer.optimizer().options().learning_rate.at(k);
      factor.data_ptr<float>()[k] =
          usual > 0.0 ? static_cast<float>(options_.quantile_learning_rate.at(k) / usual) : 0.0F;
    }
    const Tensor after = trainer.parameters().detach();
    const Tensor scaled = before + factor.to(trainer.device()) * (after - before);
    trainer.set_parameters(at::where(late.to(trainer.device()).unsqueeze(1), scaled, after));
  }

 private:
  Options options_;
  Stages stages_;
  Tensor l2_;
};

}  // namespace

void register_eqrm(Catalog& catalog);
void register_eqrm(Catalog& catalog) {
  catalog.methods.add<Eqrm>("eqrm", "Minimises a quantile of the risks of the train domains.",
                            "Eastwood et al. 2022, arXiv:2207.09944");
}

}  // namespace spurion::methods
