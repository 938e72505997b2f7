#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// One slot of a batch: rows of this domain from `first` on, under an intervention.
struct Slot {
  Domain domain;
  std::int64_t first = 0;
  Intervention intervention;
};

/// Slots of an environment; called once for each distinct environment of the replicas.
using SlotFunction = std::function<std::vector<Slot>(const Environment&)>;

/// Rows first .. first + count - 1 of a finite pool. After the last row it starts again at row 0.
Sample wrapped_rows(const Environment& environment, const Slot& slot, std::int64_t count);

/// The environments of a context, each once; [K]: which of them each replica has.
std::vector<std::size_t> distinct_environments(const RegimeContext& context,
                                               std::vector<const Environment*>& environments);

/// The sample with contiguous tensors.
Sample dense(Sample sample);

/// How large a batch is.
struct BatchShape {
  std::int64_t sets = 1;      ///< of rows: one shared by all replicas, or one each
  std::int64_t slots = 1;     ///< domains of the batch
  std::int64_t per_slot = 1;  ///< rows of each
  bool groups = false;        ///< whether it carries group labels
  bool numbers = false;       ///< whether it carries row numbers
};
/// A batch without contents, of rows like these.
Batch empty_batch(const RegimeContext& context, const Sample& like, const BatchShape& shape);

}  // namespace spurion::regimes
