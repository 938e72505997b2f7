#pragma once

#include <deque>
#include <vector>

#include "methods/shared/row_memory.hpp"

namespace spurion::methods {

/// Rows of the phases of a stream, kept apart: the phases can then be the domains of a method that
/// compares domains. The cue's correlation differs between them; the mechanism does not.
class PhaseMemories {
 public:
  /// `rows` of each phase, of the present one and of `past` before it.
  PhaseMemories(std::int64_t rows, std::int64_t past, MethodContext context);

  /// True where another phase began, so that there is one domain more.
  bool begin_phase(std::int64_t phase);
  void add(const Batch& batch) { memories_.back().add(batch); }
  /// `rows` of each past phase, the oldest first, each one domain; a function of (replica, number).
  [[nodiscard]] std::vector<Batch> draw(std::int64_t rows, std::int64_t number) const;
  /// Past phases kept at most.
  [[nodiscard]] std::int64_t past() const { return past_; }
  [[nodiscard]] double bytes(const MemorySizes& sizes) const;
  void visit_state(StateVisitor& visit);

 private:
  [[nodiscard]] RowMemory memory(std::int64_t number) const;
  void open() { memories_.push_back(memory(opened_++)); }

  std::int64_t rows_;
  std::int64_t past_;
  MethodContext context_;
  std::deque<RowMemory> memories_;  // of past phases, and of the present last
  std::int64_t opened_ = 0;
};

/// A batch as one domain, however many slots it came in.
Batch as_one_domain(const Batch& batch);

}  // namespace spurion::methods
