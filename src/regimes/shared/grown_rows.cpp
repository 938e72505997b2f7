#include "regimes/shared/grown_rows.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/work_clock.hpp"
#include "regimes/shared/row_gather.hpp"
#include "regimes/shared/slots.hpp"

namespace spurion::regimes {

SlotRows demonstrations(const RegimeContext& context, RowRange range) {
  const core::ActivityScope scope(core::Activity::data);
  std::vector<const Environment*> environments;
  const std::vector<std::size_t> source = distinct_environments(context, environments);
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (const Environment* environment : environments) {
    std::vector<Tensor> inputs;
    std::vector<Tensor> labels;
    for (const Domain& domain : environment->train_domains()) {
      const Sample sample = environment->sample(domain, Split::train, range);
      inputs.push_back(sample.x);
      labels.push_back(sample.y);
    }
    x.push_back(at::stack(inputs));
    y.push_back(at::stack(labels));
  }
  std::vector<Tensor> each_x;
  std::vector<Tensor> each_y;
  for (const std::size_t index : source) {
    each_x.push_back(x[index]);
    each_y.push_back(y[index]);
  }
  return {at::stack(each_x), at::stack(each_y)};
}

void GrownRows::add(const SlotRows& more, bool known, std::int64_t step) {
  const core::ActivityScope scope(core::Activity::data);
  const Tensor flags = at::full(more.y.sizes(), known, at::kBool);
  if (rows_.y.defined()) {
    rows_ = {at::cat({rows_.x, more.x}, 2), at::cat({rows_.y, more.y}, 2)};
    known_ = at::cat({known_, flags}, 2);
  } else {
    rows_ = {more.x.contiguous(), more.y.contiguous()};
    known_ = flags;
  }
  ++additions_;
  first_step_ = step;
  orders_.clear();
}

void GrownRows::clear() {
  rows_ = {};
  known_ = Tensor();
}

void GrownRows::order_rows(std::int64_t step, std::int64_t batch) {
  const std::int64_t epoch = (step - first_step_) / (rows() / batch);
  if (epoch == epoch_ && !orders_.empty()) return;
  epoch_ = epoch;
  orders_.clear();
  for (const RandomKey& key : context_->order_keys) {
    const RandomKey own = key.child("grown rows").child(static_cast<std::uint64_t>(additions_));
    for (std::int64_t slot = 0; slot < rows_.y.size(1); ++slot) {
      orders_.push_back(permutation(
          own.child(static_cast<std::uint64_t>(slot)).child(static_cast<std::uint64_t>(epoch)),
          rows()));
    }
  }
}

const std::int64_t* GrownRows::drawn(std::int64_t step, std::int64_t batch, std::int64_t replica,
                                     std::int64_t slot) const {
  const auto list = static_cast<std::size_t>(replica * rows_.y.size(1) + slot);
  return orders_[list].data() + (step - first_step_) % (rows() / batch) * batch;
}

Batch GrownRows::batch(std::int64_t step, std::int64_t batch) {
  const core::ActivityScope scope(core::Activity::data);
  Batch out;
  out.domains = rows_.y.size(1);
  out.task = context_->environments.front()->info().task;
  if (all(batch)) {
    out.rows_per_domain = rows();
    out.x = rows_.x.flatten(1, 2);
    out.y = rows_.y;
    return out;
  }
  order_rows(step, batch);
  Shape shape = rows_.x.sizes().vec();
  shape[2] = batch;
  out.rows_per_domain = batch;
  out.x = at::empty(shape, at::kFloat);
  out.y = at::empty({rows_.y.size(0), out.domains, batch}, at::kLong);
  for (std::int64_t k = 0; k < rows_.y.size(0); ++k) {
    for (std::int64_t slot = 0; slot < out.domains; ++slot) {
      const std::int64_t* index = drawn(step, batch, k, slot);
      const auto put = [&](const Tensor& from, const Tensor& to) {
        gather_rows(from[k][slot], index, batch, static_cast<char*>(to[k][slot].data_ptr()));
      };
      put(rows_.x, out.x);
      put(rows_.y, out.y);
    }
  }
  out.x = out.x.flatten(1, 2);
  return out;
}

std::vector<std::int64_t> GrownRows::reveal(std::int64_t step, std::int64_t batch) {
  if (!all(batch)) order_rows(step, batch);
  std::vector<std::int64_t> fresh;
  for (std::int64_t k = 0; k < known_.size(0); ++k) {
    fresh.push_back(0);
    for (std::int64_t slot = 0; slot < known_.size(1); ++slot) {
      bool* known = known_[k][slot].data_ptr<bool>();
      const auto learn = [&](std::int64_t row) {
        if (!known[row]) ++fresh.back();
        known[row] = true;
      };
      if (all(batch)) {
        for (std::int64_t row = 0; row < rows(); ++row) learn(row);
      } else {
        const std::int64_t* index = drawn(step, batch, k, slot);
        std::for_each(index, index + batch, learn);
      }
    }
  }
  return fresh;
}

void GrownRows::visit_state(StateVisitor& visit) {
  visit("x", rows_.x);
  visit("y", rows_.y);
  visit("known", known_);
  visit("additions", additions_);
  visit("first_step", first_step_);
  if (visit.loading()) orders_.clear();
}

}  // namespace spurion::regimes
