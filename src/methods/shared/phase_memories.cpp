#include "methods/shared/phase_memories.hpp"

#include <ATen/ATen.h>

#include <string>
#include <utility>

namespace spurion::methods {

PhaseMemories::PhaseMemories(std::int64_t rows, std::int64_t past, MethodContext context)
    : rows_(rows), past_(past), context_(std::move(context)) {
  open();
}

bool PhaseMemories::begin_phase(std::int64_t phase) {
  if (phase == 0 || memories_.back().size() == 0) return false;
  open();
  if (static_cast<std::int64_t>(memories_.size()) > past_ + 1) memories_.pop_front();
  return true;
}

std::vector<Batch> PhaseMemories::draw(std::int64_t rows, std::int64_t number) const {
  std::vector<Batch> past;
  for (std::size_t phase = 0; phase + 1 < memories_.size(); ++phase) {
    past.push_back(memories_[phase].draw(rows, number).batch);
  }
  return past;
}

double PhaseMemories::bytes(const MemorySizes& sizes) const {
  return static_cast<double>(past_ + 1) * memories_.back().bytes(sizes);
}

void PhaseMemories::visit_state(StateVisitor& visit) {
  visit("opened", opened_);
  auto count = static_cast<std::int64_t>(memories_.size());
  visit("count", count);
  if (visit.loading()) {
    memories_.clear();
    for (std::int64_t i = opened_ - count; i < opened_; ++i) memories_.push_back(memory(i));
  }
  for (std::size_t i = 0; i < memories_.size(); ++i) {
    StateVisitor one = visit.inside("memory" + std::to_string(i));
    memories_[i].visit_state(one);
  }
}

RowMemory PhaseMemories::memory(std::int64_t number) const {
  return {rows_, context_, ("phase" + std::to_string(number)).c_str()};
}

Batch as_one_domain(const Batch& batch) {
  Batch one = batch;
  one.y = batch.y.flatten(1).unsqueeze(1);
  if (batch.weight.defined()) one.weight = batch.weight.flatten(1).unsqueeze(1);
  one.domains = 1;
  one.rows_per_domain = batch.domains * batch.rows_per_domain;
  return one;
}

}  // namespace spurion::methods
