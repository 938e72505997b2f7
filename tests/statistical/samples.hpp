#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::tests {

/// Rows of each train domain, to learn from.
inline std::vector<Sample> train_samples(const Environment& world, std::int64_t rows) {
  std::vector<Sample> samples;
  for (const Domain& domain : world.train_domains()) {
    samples.push_back(world.sample(domain, Split::train, {0, rows}));
  }
  return samples;
}

/// A member of several samples, one after the other.
inline Tensor gather(const std::vector<Sample>& samples, Tensor Sample::*member) {
  std::vector<Tensor> all;
  for (const Sample& sample : samples) all.push_back(sample.*member);
  return at::cat(all);
}

/// The train domains, the test domain and these points of the shift.
inline std::vector<Domain> domains_of(const Environment& world, const std::vector<double>& shifts) {
  std::vector<Domain> domains = world.train_domains();
  domains.push_back(world.test_domain());
  for (const double shift : shifts) domains.push_back(world.at(shift));
  return domains;
}

/// Log odds that should cancel are at most this, for rounding.
inline constexpr double kCancelled = 1e-9;

/// 1 for a right answer to `y`, which is 1 where the lead of label 1 is positive; 1/2 where the
/// lead is at most `tie` either way.
inline Tensor hits(const Tensor& lead, const Tensor& y, double tie = 0.0) {
  const Tensor right = lead.gt(0).eq(y.eq(1)).to(at::kDouble);
  return at::where(lead.abs().le(tie), at::full_like(right, 0.5), right);
}

}  // namespace spurion::tests
