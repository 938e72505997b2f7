#include "harness/data/environment_pool.hpp"

#include <fmt/format.h>

#include <iterator>

#include "nouns/border_checks.hpp"
#include "spurion/random.hpp"

namespace spurion::harness {

namespace {

/// Environments hold permutations of image pools: some hundred kilobytes each.
constexpr std::size_t kRecent = 64;

}  // namespace

std::shared_ptr<const Environment> EnvironmentPool::at(const Component& component,
                                                       std::uint64_t seed) {
  const std::string name = key(component, seed);
  const std::lock_guard<std::mutex> guard(mutex_);
  std::shared_ptr<const Environment> environment = known_[name].lock();
  if (!environment) {
    environment = catalog_->environments.at(component.name)
                      .make({component.options}, EnvironmentContext{seed, sources_});
    nouns::check_environment(*environment);
    known_[name] = environment;
    forget_unused();
    recent_.push_back(environment);
    if (recent_.size() > kRecent) recent_.pop_front();
  }
  return environment;
}

void EnvironmentPool::forget_unused() {
  if (known_.size() < most_known_) return;
  for (auto one = known_.begin(); one != known_.end();) {
    one = one->second.expired() ? known_.erase(one) : std::next(one);
  }
  most_known_ = 2 * known_.size() + kRecent;
}

std::string EnvironmentPool::key(const Component& component, std::uint64_t seed) {
  // There may be as many keys as trials: options are named by 128 bits of a hash.
  const std::string options = component.options.canonical_json();
  return fmt::format("{:016x}|{}|{:016x}{:016x}", seed, component.name,
                     RandomKey(2).child(options).value(), RandomKey(1).child(options).value());
}

}  // namespace spurion::harness
