#include "regimes/shared/stream_source.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "core/work_clock.hpp"
#include "regimes/shared/row_gather.hpp"
#include "spurion/error.hpp"

namespace spurion::regimes {

StreamSource::StreamSource(const RegimeContext& context, SlotFunction slots, std::int64_t rows)
    : context_(&context), slots_(std::move(slots)), rows_(rows) {
  source_ = distinct_environments(context, environments_);
}

void StreamSource::read_ahead(std::int64_t first, std::int64_t least) {
  // Enough that a step's share of the cost of a call is small, little enough to stay in cache.
  constexpr std::int64_t kAhead = 2048;
  first_ = first;
  count_ = std::min(std::max(least, kAhead), rows_ - first);
  samples_.clear();
  for (const Environment* environment : environments_) {
    std::vector<Sample> samples;
    for (const Slot& slot : slots_(*environment)) {
      samples.push_back(dense(environment->sample(
          slot.domain, Split::train, {slot.first + first, count_}, slot.intervention)));
    }
    samples_.push_back(std::move(samples));
  }
}

Batch StreamSource::batch(std::int64_t first, std::int64_t batch) {
  const core::ActivityScope scope(core::Activity::data);
  SPURION_CHECK(first >= 0 && first + batch <= rows_, "rows beyond the end of the stream");
  if (first < first_ || first + batch > first_ + count_) read_ahead(first, batch);
  const std::size_t sets = samples_.size() == 1 ? 1 : source_.size();
  const auto slots = static_cast<std::int64_t>(samples_.front().size());
  Batch out = empty_batch(*context_, samples_.front().front(),
                          {static_cast<std::int64_t>(sets), slots, batch, false});
  auto* x = static_cast<char*>(out.x.data_ptr());
  auto* y = static_cast<char*>(out.y.data_ptr());
  for (std::size_t k = 0; k < sets; ++k) {
    for (const Sample& sample : samples_[source_[k]]) {
      x = copy_rows(sample.x, first - first_, batch, x);
      y = copy_rows(sample.y, first - first_, batch, y);
    }
  }
  return out;
}

}  // namespace spurion::regimes
