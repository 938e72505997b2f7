#pragma once

#include <vector>

#include "regimes/shared/slots.hpp"
#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// Rows of a stream: `rows` rows of each slot, each read once and in order. Throws `UsageError` at
/// the end of a finite pool.
class SPURION_API StreamSource {
 public:
  StreamSource(const RegimeContext& context, SlotFunction slots, std::int64_t rows);

  /// Rows `first` .. `first + batch - 1` of each slot.
  [[nodiscard]] Batch batch(std::int64_t first, std::int64_t batch);

 private:
  /// Makes rows from `first` on, at least `least`: many steps' at once.
  void read_ahead(std::int64_t first, std::int64_t least);

  const RegimeContext* context_;
  SlotFunction slots_;
  std::int64_t rows_;
  std::vector<const Environment*> environments_;
  std::vector<std::size_t> source_;           // [K] index into environments_
  std::vector<std::vector<Sample>> samples_;  // [distinct environments][slots]
  std::int64_t first_ = 0;                    // of the rows in samples_
  std::int64_t count_ = 0;
};

}  // namespace spurion::regimes
