#include "regimes/shared/domain_mixture.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "regimes/shared/slots.hpp"
#include "spurion/interactive.hpp"

namespace spurion::regimes {

DomainMixture::DomainMixture(const RegimeContext& context, double step) : step_(step) {
  std::vector<const Environment*> environments;
  const std::vector<std::size_t> source = distinct_environments(context, environments);
  std::vector<std::vector<double>> optimal;
  std::vector<double> scale;
  for (const Environment* environment : environments) {
    optimal.emplace_back();
    scale.push_back(1e-9);
    for (const Domain& domain : environment->train_domains()) {
      const ReferenceReturns known = environment->interactive()->references(domain);
      optimal.back().push_back(known.optimal.value);
      scale.back() = std::max(scale.back(), known.optimal.value - known.random.value);
    }
  }
  const auto replicas = static_cast<std::int64_t>(source.size());
  const auto domains = static_cast<std::int64_t>(optimal.front().size());
  optimal_ = at::empty({replicas, domains}, at::kDouble);
  scale_ = at::empty({replicas, 1}, at::kDouble);
  for (std::int64_t k = 0; k < replicas; ++k) {
    const std::size_t own = source[static_cast<std::size_t>(k)];
    optimal_[k].copy_(at::tensor(optimal[own], at::kDouble));
    scale_[k].fill_(scale[own]);
  }
  returns_ = at::full({replicas, domains}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  mixture_ = at::full({replicas, domains}, 1.0 / static_cast<double>(domains), at::kDouble);
}

void DomainMixture::move(const Tensor& returns) {
  returns_ = at::where(returns.isnan(), returns_, returns).contiguous();
  const Tensor push = (step_ * (optimal_ - returns_) / scale_).contiguous();
  const std::int64_t domains = mixture_.size(1);
  for (std::int64_t k = 0; k < mixture_.size(0); ++k) {
    const double* by = push.data_ptr<double>() + k * domains;
    double* own = mixture_.data_ptr<double>() + k * domains;
    if (std::any_of(by, by + domains, [](double value) { return std::isnan(value); })) continue;
    const double largest = *std::max_element(by, by + domains);
    double total = 0.0;
    for (std::int64_t e = 0; e < domains; ++e) {
      own[e] *= std::exp(by[e] - largest);
      total += own[e];
    }
    for (std::int64_t e = 0; e < domains; ++e) own[e] /= total;
  }
}

Tensor DomainMixture::weights() const {
  return (mixture_ * static_cast<double>(mixture_.size(1))).to(at::kFloat);
}

void DomainMixture::visit_state(StateVisitor& visit) {
  visit("returns", returns_);
  visit("mixture", mixture_);
}

}  // namespace spurion::regimes
