#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/work_clock.hpp"
#include "nouns/samples.hpp"
#include "nouns/unlabelled_rows.hpp"
#include "regimes/shared/row_gather.hpp"
#include "regimes/shared/row_source.hpp"
#include "spurion/error.hpp"

namespace spurion::regimes {

namespace {

/// Rows of a part of a pass, of each slot. Sums over a part depend on it.
constexpr std::int64_t kPartRows = 500;

/// Slots of one sample each as a batch member [1, E, B].
Tensor stacked(const std::vector<Sample>& samples, Tensor Sample::*member) {
  std::vector<Tensor> each;
  for (const Sample& sample : samples) each.push_back(sample.*member);
  return at::stack(each).unsqueeze(0);
}

/// Batches [1, ...] of several environments as one of K replicas.
Tensor of_replicas(const std::vector<Tensor>& each, const std::vector<std::size_t>& source) {
  if (each.size() == 1) return each.front().contiguous();
  std::vector<Tensor> all;
  for (const std::size_t index : source) all.push_back(each[index]);
  return at::cat(all).contiguous();
}

}  // namespace

void RowSource::visit_state(StateVisitor& visit) {
  revealed_.visit_state(visit);
  if (!numbers_ && !weights_.defined() && validation_asked_ == 0 && !visit.loading()) {
    bool more = false;
    visit("more", more);
    return;
  }
  bool more = true;
  visit("more", more);
  if (!more) return;
  visit("all_revealed", all_revealed_);
  visit("validation_asked", validation_asked_);
  visit("validation_counted", validation_counted_);
  StateVisitor draws = visit.inside("draws");
  weights_.visit_state(draws);
  if (visit.loading()) weighed_ = {};
  if (visit.loading() && validation_asked_ > 0) {
    static_cast<void>(validation(validation_asked_));
  }
}

std::int64_t RowSource::parts() const { return (rows_ + kPartRows - 1) / kPartRows; }

Batch RowSource::stretch(std::int64_t first, std::int64_t count) const {
  std::vector<std::vector<Sample>> each;
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  std::vector<Tensor> group;
  for (const auto& samples : samples_) {
    std::vector<Sample> cut = samples;
    std::vector<Tensor> rows;
    for (Sample& sample : cut) {
      for (Tensor Sample::*member : {&Sample::x, &Sample::y, &Sample::group}) {
        if ((sample.*member).defined()) sample.*member = (sample.*member).narrow(0, first, count);
      }
      rows.push_back(sample.x);
    }
    x.push_back(at::cat(rows).unsqueeze(0));
    y.push_back(stacked(cut, &Sample::y));
    if (groups_) group.push_back(stacked(cut, &Sample::group));
  }
  Batch batch;
  batch.domains = slots_;
  batch.rows_per_domain = count;
  batch.task = context_->environments.front()->info().task;
  batch.x = of_replicas(x, source_);
  batch.y = of_replicas(y, source_);
  if (groups_) batch.group = of_replicas(group, source_);
  batch.number = (at::arange(slots_).unsqueeze(1) * rows_ + at::arange(first, first + count))
                     .unsqueeze(0)
                     .contiguous();
  return batch;
}

Batch RowSource::part(std::int64_t part) {
  const core::ActivityScope scope(core::Activity::data);
  all_revealed_ = true;
  const std::int64_t first = part * kPartRows;
  return stretch(first, std::min(kPartRows, rows_ - first));
}

Tensor RowSource::of_all(Tensor Sample::*member) const {
  std::vector<Tensor> each;
  for (const auto& samples : samples_) each.push_back(stacked(samples, member).flatten(1));
  return of_replicas(each, source_);
}

Tensor RowSource::sets_of(const Tensor& weights) const {
  return within_domains_ ? weights.reshape({-1, rows_}) : weights;
}

void RowSource::sample(const Tensor& weights) {
  weights_ = nouns::WeightedRows(sets_of(weights));
  all_revealed_ = true;
  weighed_ = {};
}

Batch RowSource::weighed() {
  if (weighed_.y.defined()) return weighed_;
  weighed_ = whole();
  if (within_domains_) {
    weighed_.weight = weights_.normalised().reshape({-1, slots_, rows_});
    return weighed_;
  }
  const auto pooled = [](const Tensor& values) { return values.flatten(1).unsqueeze(1); };
  weighed_.y = pooled(weighed_.y);
  if (groups_) weighed_.group = pooled(weighed_.group);
  if (numbers_) weighed_.number = pooled(weighed_.number);
  weighed_.weight = weights_.normalised().unsqueeze(1);
  weighed_.rows_per_domain = size();
  weighed_.domains = 1;
  return weighed_;
}

Batch RowSource::drawn(std::int64_t step, std::int64_t batch) const {
  const std::int64_t domains = within_domains_ ? slots_ : 1;
  const bool shared = leaders_.size() == 1 && weights_.sets() == domains;
  const std::size_t sets = shared ? 1 : order_of_.size();
  const std::int64_t rows = slots_ * batch;
  Batch out =
      empty_batch(*context_, samples_.front().front(),
                  {static_cast<std::int64_t>(sets), domains, rows / domains, groups_, numbers_});
  const auto put = [&](const Tensor& from, std::int64_t row, const Tensor& to, std::int64_t at) {
    const std::size_t bytes = row_bytes(from);
    gather_rows(from, &row, 1,
                static_cast<char*>(to.data_ptr()) + static_cast<std::size_t>(at) * bytes);
  };
  for (std::size_t k = 0; k < sets; ++k) {
    const RandomStream stream(context_->order_keys[k].child("sampling"));
    const std::int64_t first =
        weights_.sets() == domains ? 0 : static_cast<std::int64_t>(k) * domains;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t domain = i / (rows / domains);
      const std::int64_t number = domain * rows_ + weights_.draw(first + domain, stream, step, i);
      const Sample& sample = samples_[source_[k]][static_cast<std::size_t>(number / rows_)];
      const std::int64_t at = static_cast<std::int64_t>(k) * rows + i;
      put(sample.x, number % rows_, out.x, at);
      put(sample.y, number % rows_, out.y, at);
      if (groups_) put(sample.group, number % rows_, out.group, at);
      if (numbers_) out.number.data_ptr<std::int64_t>()[at] = number;
    }
  }
  return out;
}

Batch RowSource::validation(std::int64_t rows) {
  if (validation_.y.defined() && validation_asked_ == rows) return validation_;
  const core::ActivityScope scope(core::Activity::data);
  std::vector<const Environment*> environments;
  distinct_environments(*context_, environments);
  std::int64_t count = rows;
  for (const Environment* environment : environments) {
    for (const Slot& slot : slot_function_(*environment)) {
      const std::int64_t tested =
          std::min(context_->evaluation.rows, environment->row_limit(slot.domain, Split::test));
      count = std::min(count, environment->validation_rows(slot.domain, tested));
    }
  }
  if (count < 1) {
    throw UsageError(fmt::format("{} has no validation rows in its train domains",
                                 environments.front()->info().name));
  }
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  std::vector<Tensor> group;
  for (const Environment* environment : environments) {
    std::vector<Sample> samples;
    std::vector<Tensor> inputs;
    for (const Slot& slot : slot_function_(*environment)) {
      samples.push_back(
          environment->sample(slot.domain, Split::validation, {0, count}, slot.intervention));
      inputs.push_back(samples.back().x);
    }
    x.push_back(at::cat(inputs).unsqueeze(0));
    y.push_back(stacked(samples, &Sample::y));
    if (groups_) group.push_back(stacked(samples, &Sample::group));
  }
  validation_ = {};
  validation_.domains = y.front().size(1);
  validation_.rows_per_domain = count;
  validation_.task = context_->environments.front()->info().task;
  validation_.x = of_replicas(x, source_);
  validation_.y = of_replicas(y, source_);
  if (groups_) validation_.group = of_replicas(group, source_);
  validation_asked_ = rows;
  return validation_;
}

Tensor RowSource::unlabelled_target(std::int64_t rows, std::int64_t step) {
  if (!adaptation_) return TrainingSet::unlabelled_target(rows, step);
  const core::ActivityScope scope(core::Activity::data);
  if (target_.empty()) {
    std::vector<const Environment*> environments;
    distinct_environments(*context_, environments);
    for (const Environment* environment : environments) {
      const Domain domain = environment->test_domain();
      const RowRange range =
          nouns::unlabelled_rows(*environment, domain, context_->evaluation, *adaptation_);
      target_.push_back(
          environment->sample(domain, Split::validation, range, Intervention::none()).x);
    }
  }
  std::vector<Tensor> each;
  const std::int64_t count = target_.front().size(0);
  if (rows >= count) {
    for (const Tensor& all : target_) each.push_back(all.unsqueeze(0));
    return of_replicas(each, source_);
  }
  const std::size_t sets = leaders_.size() == 1 ? 1 : source_.size();
  for (std::size_t k = 0; k < sets; ++k) {
    const RandomStream stream(context_->order_keys[k].child("unlabelled"));
    Tensor drawn = at::empty({rows}, at::kLong);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto row =
          static_cast<std::int64_t>(stream.uniform(i, step) * static_cast<double>(count));
      drawn.data_ptr<std::int64_t>()[i] = std::min(row, count - 1);
    }
    each.push_back(target_[source_[k]].index_select(0, drawn));
  }
  return at::stack(each);
}

}  // namespace spurion::regimes
