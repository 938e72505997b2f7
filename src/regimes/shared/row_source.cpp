#include "regimes/shared/row_source.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/counted.hpp"
#include "core/work_clock.hpp"
#include "engine/risks/linear_risks.hpp"
#include "nouns/control_shift.hpp"
#include "nouns/samples.hpp"
#include "regimes/shared/row_gather.hpp"
#include "spurion/error.hpp"

namespace spurion::regimes {

namespace {

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

/// Every `parts` consecutive samples as one.
std::vector<Sample> pooled(const std::vector<Sample>& samples, std::size_t parts) {
  if (parts == 1) return samples;
  std::vector<Sample> out;
  for (std::size_t first = 0; first < samples.size(); first += parts) {
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(first);
    out.push_back(nouns::joined_samples({begin, begin + static_cast<std::ptrdiff_t>(parts)}));
  }
  return out;
}

}  // namespace

RowSource::RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows)
    : RowSource(context, slots, rows, Options{}) {}

RowSource::RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows,
                     Options options)
    : context_(&context),
      rows_(rows * options.parts),
      groups_(options.groups && context.environments.front()->info().groups > 0),
      slot_function_(slots),
      numbers_(options.request.training_set),
      within_domains_(options.request.within_domains),
      adaptation_(options.adaptation) {
  std::vector<const Environment*> environments;
  source_ = distinct_environments(context, environments);
  std::vector<std::vector<RevealedRows::Slot>> stretches;  // [distinct environments][slots]
  for (const Environment* environment : environments) {
    std::vector<Sample> samples;
    stretches.emplace_back();
    for (const Slot& slot : slots(*environment)) {
      const std::int64_t limit = environment->row_limit(slot.domain, Split::train);
      if (rows > limit) {
        throw UsageError(fmt::format("training.rows = {}, but {} has only {} in domain '{}'", rows,
                                     environment->info().name, core::counted(limit, "training row"),
                                     slot.domain.name));
      }
      if (samples.size() % static_cast<std::size_t>(options.parts) == 0) {
        stretches.back().emplace_back();
      }
      stretches.back().back().push_back(
          {nouns::rows_text(slot.domain), slot.first, rows, limit, limit == nouns::kEndlessRows});
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
  if (options.request.sampling == Sampling::class_balanced) {
    sample(nouns::balancing_weights(sets_of(of_all(&Sample::y))));
  } else if (options.request.sampling == Sampling::group_balanced) {
    SPURION_CHECK(groups_, "balanced groups without group labels");
    sample(nouns::balancing_weights(sets_of(of_all(&Sample::group))));
  }
}

std::vector<std::int64_t> RowSource::reveal(std::int64_t step, std::int64_t batch) {
  std::vector<std::int64_t> fresh(leaders_.size(), 0);
  const bool all = batch == 0 || batch >= rows_ || all_revealed_;
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
  const std::int64_t held_out =
      validation_.y.defined() ? validation_.domains * validation_.rows_per_domain : 0;
  std::vector<std::int64_t> each;
  for (const std::size_t leader : order_of_) {
    each.push_back(fresh[leader] + std::max<std::int64_t>(held_out - validation_counted_, 0));
  }
  validation_counted_ = std::max(validation_counted_, held_out);
  return each;
}

Batch RowSource::whole() {
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
  if (numbers_) whole_.number = at::arange(size()).reshape({1, slots_, rows_});
  auto* x = static_cast<char*>(whole_.x.data_ptr());
  auto* y = static_cast<char*>(whole_.y.data_ptr());
  auto* group = groups_ ? static_cast<char*>(whole_.group.data_ptr()) : nullptr;
  for (std::size_t k = 0; k < static_cast<std::size_t>(sets); ++k) {
    for (const Sample& sample : samples_[source_[k]]) {
      x = copy_rows(sample.x, 0, rows_, x);
      y = copy_rows(sample.y, 0, rows_, y);
      if (groups_) group = copy_rows(sample.group, 0, rows_, group);
    }
  }
  return whole_;
}

void RowSource::start_epoch(std::int64_t epoch) {
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

void RowSource::prepare(std::int64_t step, std::int64_t batch) {
  const std::int64_t per_epoch = rows_ / batch;
  start_epoch(step / per_epoch);
  const std::size_t sets = leaders_.size() == 1 ? 1 : order_of_.size();
  const auto add = [&] {
    prepared_.push_back(
        empty_batch(*context_, samples_.front().front(),
                    {static_cast<std::int64_t>(sets), slots_, batch, groups_, numbers_}));
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
      fetch_rows(sample.x);
      fetch_rows(sample.y);
    }
    for (Batch& one : prepared_) {
      gather_rows(sample.x, index, batch,
                  static_cast<char*>(one.x.data_ptr()) + part * (x_bytes / (sets * slots)));
      gather_rows(sample.y, index, batch,
                  static_cast<char*>(one.y.data_ptr()) + part * (y_bytes / (sets * slots)));
      if (groups_) {
        gather_rows(sample.group, index, batch,
                    static_cast<char*>(one.group.data_ptr()) +
                        part * (one.group.nbytes() / (sets * slots)));
      }
      if (numbers_) {
        std::int64_t* number =
            one.number.data_ptr<std::int64_t>() + static_cast<std::int64_t>(part) * batch;
        const auto before = static_cast<std::int64_t>(part % slots) * rows_;
        std::transform(index, index + batch, number,
                       [before](std::int64_t row) { return before + row; });
      }
      index += batch;
    }
  }
}

Batch RowSource::batch(std::int64_t step, std::int64_t batch) {
  const core::ActivityScope scope(core::Activity::data);
  const bool all = batch == 0 || batch >= rows_;
  if (weights_.defined()) return all ? weighed() : drawn(step, batch);
  if (all) return whole();
  const auto ready = static_cast<std::int64_t>(prepared_.size());
  if (ready == 0 || step < first_prepared_ || step >= first_prepared_ + ready ||
      prepared_.front().rows_per_domain != batch) {
    prepare(step, batch);
  }
  return prepared_[static_cast<std::size_t>(step - first_prepared_)];
}

}  // namespace spurion::regimes
