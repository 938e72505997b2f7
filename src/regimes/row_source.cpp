#include "regimes/row_source.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/linear_risks.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

/// Index of the first replica with the same environment; [K].
std::vector<std::size_t> distinct(const RegimeContext& context,
                                  std::vector<const Environment*>& environments) {
  std::vector<std::size_t> source;
  for (const auto& environment : context.environments) {
    const auto found = std::find(environments.begin(), environments.end(), environment.get());
    source.push_back(static_cast<std::size_t>(found - environments.begin()));
    if (found == environments.end()) environments.push_back(environment.get());
  }
  return source;
}

/// Puts the slots of each environment one after another: x [E * B, ...], y [E, B].
struct Rows {
  Tensor x;
  Tensor y;
};

Rows join(const std::vector<Sample>& slots) {
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (const Sample& slot : slots) {
    x.push_back(slot.x);
    y.push_back(slot.y);
  }
  return {at::cat(x), at::stack(y)};
}

Batch make_batch(const std::vector<Rows>& rows, const std::vector<std::size_t>& source,
                 const RegimeContext& context, std::int64_t slots, std::int64_t per_slot) {
  Batch batch;
  batch.domains = slots;
  batch.rows_per_domain = per_slot;
  batch.task = context.environments.front()->info().task;
  if (rows.size() == 1) {
    batch.x = rows[0].x.unsqueeze(0);
    batch.y = rows[0].y.unsqueeze(0);
    return batch;
  }
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (const std::size_t index : source) {
    x.push_back(rows[index].x);
    y.push_back(rows[index].y);
  }
  batch.x = at::stack(x);
  batch.y = at::stack(y);
  return batch;
}

}  // namespace

Sample wrapped_rows(const Environment& environment, const Slot& slot, std::int64_t count) {
  const std::int64_t limit = environment.row_limit(slot.domain, Purpose::train);
  if (limit < 1) {
    throw UsageError(fmt::format("{} has no training rows in domain '{}'", environment.info().name,
                                 slot.domain.name));
  }
  std::vector<Sample> parts;
  std::int64_t first = slot.first % limit;
  for (std::int64_t left = count; left > 0;) {
    const std::int64_t take = std::min(left, limit - first);
    parts.push_back(
        environment.sample(slot.domain, Purpose::train, {first, take}, slot.intervention));
    left -= take;
    first = 0;
  }
  if (parts.size() == 1) return parts.front();
  const auto cat = [&](Tensor Sample::*member) {
    std::vector<Tensor> all;
    for (const Sample& part : parts) all.push_back(part.*member);
    return at::cat(all);
  };
  return {cat(&Sample::x), cat(&Sample::y), cat(&Sample::causal), cat(&Sample::spurious),
          cat(&Sample::group)};
}

RowSource::RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows)
    : context_(&context), rows_(rows) {
  std::vector<const Environment*> environments;
  source_ = distinct(context, environments);
  for (const Environment* environment : environments) {
    std::vector<Sample> samples;
    for (const Slot& slot : slots(*environment)) {
      const std::int64_t limit = environment->row_limit(slot.domain, Purpose::train);
      if (rows > limit) {
        throw UsageError(fmt::format(
            "training.rows = {} is more than the {} training rows {} has in domain '{}'", rows,
            limit, environment->info().name, slot.domain.name));
      }
      samples.push_back(wrapped_rows(*environment, slot, rows));
    }
    slots_ = static_cast<std::int64_t>(samples.size());
    samples_.push_back(std::move(samples));
  }
}

Batch RowSource::whole() const {
  if (whole_.domains == slots_ && whole_.rows_per_domain == rows_) return whole_;
  std::vector<Rows> rows;
  for (const auto& samples : samples_) rows.push_back(join(samples));
  if (context_->linear_risks) {
    std::vector<engine::DomainRows> each;
    for (const Rows& one : rows) each.push_back({one.x.flatten(1), one.y});
    whole_.domains = slots_;
    whole_.rows_per_domain = rows_;
    whole_.task = context_->environments.front()->info().task;
    whole_.linear = engine::make_linear_risks(whole_.task, each, source_);
  } else {
    whole_ = make_batch(rows, source_, *context_, slots_, rows_);
  }
  return whole_;
}

std::int64_t RowSource::new_rows(std::int64_t step, std::int64_t batch) const {
  if (batch == 0 || batch >= rows_) return step == 0 ? rows_ * slots_ : 0;
  // The part of an epoch that is left out comes up in later epochs; labels are paid for once, so
  // the count is exact for the first epoch and approached from below after it.
  return step < rows_ / batch ? batch * slots_ : 0;
}

Batch RowSource::batch(std::int64_t step, std::int64_t batch) const {
  if (batch == 0 || batch >= rows_) return whole();
  const std::int64_t per_epoch = rows_ / batch;
  const std::int64_t epoch = step / per_epoch;
  const std::int64_t first = (step % per_epoch) * batch;
  const auto& keys = context_->order_keys;
  // Replicas with the same environment and order key read the same rows: gather those once.
  std::vector<std::size_t> leader(keys.size());
  std::vector<std::size_t> slot_of(keys.size());
  std::vector<std::size_t> leaders;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    leader[k] = k;
    for (const std::size_t other : leaders) {
      if (source_[other] == source_[k] && keys[other].value() == keys[k].value()) leader[k] = other;
    }
    if (leader[k] == k) {
      slot_of[k] = leaders.size();
      leaders.push_back(k);
    } else {
      slot_of[k] = slot_of[leader[k]];
    }
  }
  if (epoch != epoch_) {
    orders_.assign(keys.size(), {});
    for (const std::size_t k : leaders) {
      for (std::int64_t slot = 0; slot < slots_; ++slot) {
        orders_[k].push_back(permutation(keys[k]
                                             .child(static_cast<std::uint64_t>(slot))
                                             .child(static_cast<std::uint64_t>(epoch)),
                                         rows_));
      }
    }
    epoch_ = epoch;
  }
  std::vector<Rows> rows;
  for (const std::size_t k : leaders) {
    std::vector<Tensor> x;
    std::vector<Tensor> y;
    for (std::int64_t slot = 0; slot < slots_; ++slot) {
      const Sample& sample = samples_[source_[k]][static_cast<std::size_t>(slot)];
      const Tensor index = at::from_blob(orders_[k][static_cast<std::size_t>(slot)].data() + first,
                                         {batch}, at::kLong);
      x.push_back(sample.x.index_select(0, index));
      y.push_back(sample.y.index_select(0, index));
    }
    rows.push_back({at::cat(x), at::stack(y)});
  }
  return make_batch(rows, slot_of, *context_, slots_, batch);
}

Batch stream_batch(const RegimeContext& context, const SlotFunction& slots, std::int64_t offset,
                   std::int64_t batch) {
  std::vector<const Environment*> environments;
  const auto source = distinct(context, environments);
  std::vector<Rows> rows;
  std::int64_t count = 0;
  for (const Environment* environment : environments) {
    std::vector<Sample> samples;
    for (Slot slot : slots(*environment)) {
      slot.first += offset;
      samples.push_back(wrapped_rows(*environment, slot, batch));
    }
    count = static_cast<std::int64_t>(samples.size());
    rows.push_back(join(samples));
  }
  return make_batch(rows, source, context, count, batch);
}

}  // namespace spurion
