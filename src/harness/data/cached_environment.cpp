#include "harness/data/cached_environment.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/work_clock.hpp"
#include "harness/data/data_cache.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/control_shift.hpp"
#include "nouns/samples.hpp"

namespace spurion::harness {

namespace {

/// What of a domain its rows depend on.
std::string domain_text(const Domain& domain) {
  return fmt::format("{}|{}|{}|{}", nouns::rows_text(domain), domain.shift,
                     fmt::join(domain.parameters, ","), fmt::join(domain.cue_shifts, ","));
}

/// With what a tensor and the name of the rows take besides: of a few rows that is most.
double bytes_of(const Sample& sample) {
  constexpr double kRowsBytes = 500.0;
  constexpr double kTensorBytes = 600.0;
  double bytes = kRowsBytes;
  for (const auto member : nouns::kSampleMembers) {
    const Tensor& tensor = sample.*member;
    if (tensor.defined()) bytes += kTensorBytes + static_cast<double>(tensor.nbytes());
  }
  return bytes;
}

Sample first_rows(const Sample& sample, std::int64_t count) {
  Sample out;
  for (const auto member : nouns::kSampleMembers) {
    const Tensor& tensor = sample.*member;
    if (tensor.defined()) out.*member = tensor.narrow(0, 0, count);
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, Tensor>> CachedEnvironment::coefficient_errors(
    const Tensor& weights) const {
  return core::blamed(part_, [&] {
    auto errors = inner().coefficient_errors(weights);
    for (auto& [name, error] : errors) {
      if (error.defined()) error = error.to(at::kCPU, at::kDouble);
    }
    nouns::check_results(errors, weights.size(0));
    return errors;
  });
}

Ceilings CachedEnvironment::ceilings(const Domain& domain) const {
  const std::string key = domain_text(domain);
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (const auto found = ceilings_.find(key); found != ceilings_.end()) return found->second;
  }
  const Ceilings found = core::blamed(part_, [&] { return inner().ceilings(domain); });
  const std::lock_guard<std::mutex> guard(mutex_);
  return ceilings_.emplace(key, found).first->second;
}

Sample CachedEnvironment::generate(const Domain& domain, Split split, RowRange rows,
                                   const Intervention& intervention) const {
  const core::ActivityScope scope(core::Activity::data);
  // Rows further on are a stream's: read once, in pieces, and more than should be kept.
  const auto made = [&] {
    return core::blamed(part_, [&] { return inner().sample(domain, split, rows, intervention); });
  };
  if (rows.first > 0) return made();
  const std::string key =
      fmt::format("{}|{}|{}|{}", key_, domain_text(domain), split_name(split), intervention.text());
  const std::shared_ptr<CachedRows> entry = cache_->rows(key);
  const std::lock_guard<std::mutex> guard(entry->mutex);
  if (entry->rows < rows.count) {
    entry->sample = Sample();  // never the old and the new at once
    entry->rows = 0;
    entry->sample = made();
    entry->rows = rows.count;
    cache_->grown(key, entry, bytes_of(entry->sample));
  }
  return first_rows(entry->sample, rows.count);
}

}  // namespace spurion::harness
