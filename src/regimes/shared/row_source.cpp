#include "regimes/shared/row_source.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/work_clock.hpp"
#include "engine/risks/linear_risks.hpp"
#include "nouns/control_shift.hpp"
#include "nouns/samples.hpp"
#include "spurion/error.hpp"

namespace spurion::regimes {

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

/// Rows of one environment, slot after slot: x [E * B, ...], y [E, B].
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

/// The bytes of one row of a tensor whose first axis counts rows.
std::size_t row_bytes(const Tensor& rows) {
  return rows.element_size() *
         static_cast<std::size_t>(rows.size(0) == 0 ? 0 : rows.numel() / rows.size(0));
}

/// Copies rows of `kBytes` bytes; a size known beforehand costs a few moves and no call. Rows are
/// asked for ahead of their turn: in the order of a permutation hardly one is in cache.
template <std::size_t kBytes>
void copy_rows(const char* from, const std::int64_t* index, std::int64_t count, char* to) {
  constexpr std::int64_t kAhead = 16;
  constexpr auto kStride = static_cast<std::int64_t>(kBytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const char* ahead = from + index[std::min(i + kAhead, count - 1)] * kStride;
    __builtin_prefetch(ahead);
    if (kBytes > 8) __builtin_prefetch(ahead + kStride - 1);
    std::memcpy(to + i * kStride, from + index[i] * kStride, kBytes);
  }
}

void copy_long_rows(const char* from, const std::int64_t* index, std::int64_t count,
                    std::size_t bytes, char* to) {
  const auto stride = static_cast<std::int64_t>(bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const char* next = from + index[std::min(i + 1, count - 1)] * stride;
    for (std::int64_t line = 0; line < std::min<std::int64_t>(stride, 512); line += 64) {
      __builtin_prefetch(next + line);
    }
    std::memcpy(to + i * stride, from + index[i] * stride, bytes);
  }
}

/// Which rows are copied.
struct RowIndices {
  const std::int64_t* index;
  std::int64_t count;
};

template <std::size_t... kWords>
bool copy_short_rows(std::index_sequence<kWords...>, const char* from, const RowIndices& rows,
                     std::size_t bytes, char* to) {
  return ((bytes == 4 * (kWords + 1) &&
           (copy_rows<4 * (kWords + 1)>(from, rows.index, rows.count, to), true)) ||
          ...);
}

/// Brings a tensor into cache from start to end, faster than its rows come in random order.
void fetch(const Tensor& rows) {
  const auto* data = static_cast<const volatile char*>(rows.data_ptr());
  const std::size_t bytes = std::min<std::size_t>(rows.nbytes(), 1 << 19);
  for (std::size_t line = 0; line < bytes; line += 64) static_cast<void>(data[line]);
}

/// Copies rows `index` of `from` to `to`; returns where the next row goes.
char* gather(const Tensor& from, const std::int64_t* index, std::int64_t count, char* to) {
  constexpr std::size_t kShortWords = 32;
  const std::size_t bytes = row_bytes(from);
  const auto* base = static_cast<const char*>(from.data_ptr());
  if (!copy_short_rows(std::make_index_sequence<kShortWords>(), base, {index, count}, bytes, to)) {
    copy_long_rows(base, index, count, bytes, to);
  }
  return to + static_cast<std::size_t>(count) * bytes;
}

/// Copies rows `first` .. `first + count - 1` of `from` to `to`; returns where the next row goes.
char* copy(const Tensor& from, std::int64_t first, std::int64_t count, char* to) {
  const std::size_t bytes = row_bytes(from);
  std::memcpy(to,
              static_cast<const char*>(from.data_ptr()) + static_cast<std::size_t>(first) * bytes,
              static_cast<std::size_t>(count) * bytes);
  return to + static_cast<std::size_t>(count) * bytes;
}

struct BatchSizes {
  std::int64_t sets;
  std::int64_t slots;
  std::int64_t per_slot;
  bool groups = false;
};

/// A batch without contents: one set of rows shared by all replicas (`sets` = 1), or one each.
Batch empty_batch(const RegimeContext& context, const Sample& like, const BatchSizes& sizes) {
  const auto [sets, slots, per_slot, groups] = sizes;
  Batch batch;
  batch.domains = slots;
  batch.rows_per_domain = per_slot;
  batch.task = context.environments.front()->info().task;
  Shape shape = like.x.sizes().vec();
  shape[0] = slots * per_slot;
  shape.insert(shape.begin(), sets);
  batch.x = at::empty(shape, like.x.options());
  batch.y = at::empty({sets, slots, per_slot}, like.y.options());
  if (groups) batch.group = at::empty({sets, slots, per_slot}, like.group.options());
  return batch;
}

Sample dense(Sample sample) {
  sample.x = sample.x.contiguous();
  sample.y = sample.y.contiguous();
  if (sample.group.defined()) sample.group = sample.group.contiguous();
  return sample;
}

/// Every `parts` consecutive samples as one.
std::vector<Sample> pooled(const std::vector<Sample>& samples, std::size_t parts) {
  if (parts == 1) return samples;
  std::vector<Sample> out;
  for (std::size_t first = 0; first < samples.size(); first += parts) {
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(first);
    out.push_back(joined_samples({begin, begin + static_cast<std::ptrdiff_t>(parts)}));
  }
  return out;
}

}  // namespace

Sample wrapped_rows(const Environment& environment, const Slot& slot, std::int64_t count) {
  const std::int64_t limit = environment.row_limit(slot.domain, Split::train);
  if (limit < 1) {
    throw UsageError(fmt::format("{} has no training rows in domain '{}'", environment.info().name,
                                 slot.domain.name));
  }
  return wrapped_sample(environment, slot.domain, Split::train, {slot.first, count},
                        slot.intervention);
}

RowSource::RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows)
    : RowSource(context, slots, rows, Options{}) {}

RowSource::RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows,
                     Options options)
    : context_(&context),
      rows_(rows * options.parts),
      groups_(options.groups && context.environments.front()->info().groups > 0) {
  std::vector<const Environment*> environments;
  source_ = distinct(context, environments);
  std::vector<std::vector<RevealedRows::Slot>> stretches;  // [distinct environments][slots]
  for (const Environment* environment : environments) {
    std::vector<Sample> samples;
    stretches.emplace_back();
    for (const Slot& slot : slots(*environment)) {
      const std::int64_t limit = environment->row_limit(slot.domain, Split::train);
      if (rows > limit) {
        throw UsageError(fmt::format(
            "training.rows = {}, but there are only {} training rows in {}, domain '{}'", rows,
            limit, environment->info().name, slot.domain.name));
      }
      if (samples.size() % static_cast<std::size_t>(options.parts) == 0) {
        stretches.back().emplace_back();
      }
      stretches.back().back().push_back(
          {rows_text(slot.domain), slot.first, rows, limit, limit == kEndlessRows});
      samples.push_back(dense(wrapped_rows(*environment, slot, rows)));
    }
    samples = pooled(samples, static_cast<std::size_t>(options.parts));
    slots_ = static_cast<std::int64_t>(samples.size());
    samples_.push_back(std::move(samples));
  }
  // Replicas with the same environment and order key read the same rows: put in order once.
  const auto& keys = context.order_keys;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const auto found = std::find_if(leaders_.begin(), leaders_.end(), [&](std::size_t other) {
      return source_[other] == source_[k] && keys[other].value() == keys[k].value();
    });
    order_of_.push_back(static_cast<std::size_t>(found - leaders_.begin()));
    if (found == leaders_.end()) leaders_.push_back(k);
  }
  for (const std::size_t k : leaders_) revealed_.add_reader(stretches[source_[k]]);
}

std::vector<std::int64_t> RowSource::reveal(std::int64_t step, std::int64_t batch) {
  std::vector<std::int64_t> fresh(leaders_.size(), 0);
  const bool all = batch == 0 || batch >= rows_;
  const std::int64_t first = all ? 0 : step % (rows_ / batch) * batch;
  for (std::size_t leader = 0; leader < leaders_.size(); ++leader) {
    if (revealed_.all_known(leader)) continue;
    if (!all) start_epoch(step / (rows_ / batch));
    for (std::size_t slot = 0; slot < static_cast<std::size_t>(slots_); ++slot) {
      const std::size_t list = leader * static_cast<std::size_t>(slots_) + slot;
      for (std::int64_t i = 0; i < (all ? rows_ : batch); ++i) {
        const std::int64_t row = all ? i : orders_[list][static_cast<std::size_t>(first + i)];
        fresh[leader] += revealed_.reveal(leader, slot, row) ? 1 : 0;
      }
    }
  }
  std::vector<std::int64_t> each;
  for (const std::size_t leader : order_of_) each.push_back(fresh[leader]);
  return each;
}

Batch RowSource::whole() const {
  if (whole_.domains == slots_ && whole_.rows_per_domain == rows_) return whole_;
  if (context_->linear_risks) {
    std::vector<engine::DomainRows> each;
    for (const auto& samples : samples_) {
      const Rows one = join(samples);
      each.push_back({one.x.flatten(1), one.y});
    }
    whole_.domains = slots_;
    whole_.rows_per_domain = rows_;
    whole_.task = context_->environments.front()->info().task;
    whole_.linear = engine::make_linear_risks(whole_.task, each, source_);
    return whole_;
  }
  const std::int64_t sets =
      samples_.size() == 1 ? 1 : static_cast<std::int64_t>(context_->environments.size());
  whole_ = empty_batch(*context_, samples_.front().front(), {sets, slots_, rows_, groups_});
  auto* x = static_cast<char*>(whole_.x.data_ptr());
  auto* y = static_cast<char*>(whole_.y.data_ptr());
  auto* group = groups_ ? static_cast<char*>(whole_.group.data_ptr()) : nullptr;
  for (std::size_t k = 0; k < static_cast<std::size_t>(sets); ++k) {
    for (const Sample& sample : samples_[source_[k]]) {
      x = copy(sample.x, 0, rows_, x);
      y = copy(sample.y, 0, rows_, y);
      if (groups_) group = copy(sample.group, 0, rows_, group);
    }
  }
  return whole_;
}

void RowSource::start_epoch(std::int64_t epoch) const {
  if (epoch == epoch_) return;
  orders_.clear();
  for (const std::size_t k : leaders_) {
    for (std::int64_t slot = 0; slot < slots_; ++slot) {
      orders_.push_back(permutation(context_->order_keys[k]
                                        .child(static_cast<std::uint64_t>(slot))
                                        .child(static_cast<std::uint64_t>(epoch)),
                                    rows_));
    }
  }
  epoch_ = epoch;
}

void RowSource::prepare(std::int64_t step, std::int64_t batch) const {
  const std::int64_t per_epoch = rows_ / batch;
  start_epoch(step / per_epoch);
  const std::size_t sets = leaders_.size() == 1 ? 1 : order_of_.size();
  const auto add = [&] {
    prepared_.push_back(empty_batch(*context_, samples_.front().front(),
                                    {static_cast<std::int64_t>(sets), slots_, batch, groups_}));
  };
  prepared_.clear();  // before the next are made
  add();
  const std::size_t x_bytes = prepared_.front().x.nbytes();
  const std::size_t y_bytes = prepared_.front().y.nbytes();
  const auto fit = static_cast<std::int64_t>(kPreparedBytes / (x_bytes + y_bytes));
  const std::int64_t left = per_epoch - step % per_epoch;
  while (static_cast<std::int64_t>(prepared_.size()) < std::min(left, fit)) add();
  first_prepared_ = step;
  const auto slots = static_cast<std::size_t>(slots_);
  for (std::size_t part = 0; part < sets * slots; ++part) {
    const std::size_t k = part / slots;
    const Sample& sample = samples_[source_[k]][part % slots];
    const std::int64_t* index =
        orders_[order_of_[k] * slots + part % slots].data() + (step % per_epoch) * batch;
    if (4 * static_cast<std::int64_t>(prepared_.size()) > per_epoch) {
      fetch(sample.x);
      fetch(sample.y);
    }
    for (Batch& one : prepared_) {
      gather(sample.x, index, batch,
             static_cast<char*>(one.x.data_ptr()) + part * (x_bytes / (sets * slots)));
      gather(sample.y, index, batch,
             static_cast<char*>(one.y.data_ptr()) + part * (y_bytes / (sets * slots)));
      if (groups_) {
        gather(sample.group, index, batch,
               static_cast<char*>(one.group.data_ptr()) +
                   part * (one.group.nbytes() / (sets * slots)));
      }
      index += batch;
    }
  }
}

Batch RowSource::batch(std::int64_t step, std::int64_t batch) const {
  const core::ActivityScope scope(core::Activity::data);
  if (batch == 0 || batch >= rows_) return whole();
  const auto ready = static_cast<std::int64_t>(prepared_.size());
  if (ready == 0 || step < first_prepared_ || step >= first_prepared_ + ready ||
      prepared_.front().rows_per_domain != batch) {
    prepare(step, batch);
  }
  return prepared_[static_cast<std::size_t>(step - first_prepared_)];
}

StreamSource::StreamSource(const RegimeContext& context, SlotFunction slots, std::int64_t rows)
    : context_(&context), slots_(std::move(slots)), rows_(rows) {
  source_ = distinct(context, environments_);
}

void StreamSource::read_ahead(std::int64_t first, std::int64_t least) const {
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

Batch StreamSource::batch(std::int64_t first, std::int64_t batch) const {
  const core::ActivityScope scope(core::Activity::data);
  SPURION_CHECK(first >= 0 && first + batch <= rows_, "rows beyond the end of the stream");
  if (first < first_ || first + batch > first_ + count_) read_ahead(first, batch);
  const std::size_t sets = samples_.size() == 1 ? 1 : source_.size();
  const auto slots = static_cast<std::int64_t>(samples_.front().size());
  Batch out = empty_batch(*context_, samples_.front().front(),
                          {static_cast<std::int64_t>(sets), slots, batch});
  auto* x = static_cast<char*>(out.x.data_ptr());
  auto* y = static_cast<char*>(out.y.data_ptr());
  for (std::size_t k = 0; k < sets; ++k) {
    for (const Sample& sample : samples_[source_[k]]) {
      x = copy(sample.x, first - first_, batch, x);
      y = copy(sample.y, first - first_, batch, y);
    }
  }
  return out;
}

}  // namespace spurion::regimes
