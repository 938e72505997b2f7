#include "regimes/shared/slots.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "nouns/samples.hpp"
#include "spurion/error.hpp"

namespace spurion::regimes {

std::vector<std::size_t> distinct_environments(const RegimeContext& context,
                                               std::vector<const Environment*>& environments) {
  std::vector<std::size_t> source;
  for (const auto& environment : context.environments) {
    const auto found = std::find(environments.begin(), environments.end(), environment.get());
    source.push_back(static_cast<std::size_t>(found - environments.begin()));
    if (found == environments.end()) environments.push_back(environment.get());
  }
  return source;
}

Sample wrapped_rows(const Environment& environment, const Slot& slot, std::int64_t count) {
  const std::int64_t limit = environment.row_limit(slot.domain, Split::train);
  if (limit < 1) {
    throw UsageError(fmt::format("{} has no training rows in domain '{}'", environment.info().name,
                                 slot.domain.name));
  }
  return nouns::wrapped_sample(environment, slot.domain, Split::train, {slot.first, count},
                               slot.intervention);
}

Sample dense(Sample sample) {
  sample.x = sample.x.contiguous();
  sample.y = sample.y.contiguous();
  if (sample.group.defined()) sample.group = sample.group.contiguous();
  return sample;
}

Batch empty_batch(const RegimeContext& context, const Sample& like, const BatchShape& shape) {
  Batch batch;
  batch.domains = shape.slots;
  batch.rows_per_domain = shape.per_slot;
  batch.task = context.environments.front()->info().task;
  Shape inputs = like.x.sizes().vec();
  inputs[0] = shape.slots * shape.per_slot;
  inputs.insert(inputs.begin(), shape.sets);
  batch.x = at::empty(inputs, like.x.options());
  batch.y = at::empty({shape.sets, shape.slots, shape.per_slot}, like.y.options());
  if (shape.groups)
    batch.group = at::empty({shape.sets, shape.slots, shape.per_slot}, like.group.options());
  if (shape.numbers) batch.number = at::empty({shape.sets, shape.slots, shape.per_slot}, at::kLong);
  return batch;
}

}  // namespace spurion::regimes
