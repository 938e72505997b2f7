#include "conformance/toy_training_set.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::conformance {

ToyTrainingSet::ToyTrainingSet(const ToyRun& run, const RowRequest& request)
    : run_(&run), numbers_(request.training_set), within_domains_(request.within_domains) {
  if (request.sampling == Sampling::shuffled) return;
  const bool groups = request.sampling == Sampling::group_balanced;
  if (!groups && run.shape.task == Task::regression) {
    throw UsageError("a regression has no classes to balance");
  }
  if (groups && !run.batches.front().group.defined()) {
    throw UsageError("balanced groups need group labels");
  }
  const Tensor labels = of_all(groups ? &Batch::group : &Batch::y).flatten(1);
  weights_ = nouns::WeightedRows(nouns::balancing_weights(sets_of(labels)));
}

std::int64_t ToyTrainingSet::rows_of_batch() const {
  return run_->batches.front().domains * run_->batches.front().rows_per_domain;
}

std::int64_t ToyTrainingSet::size() const { return parts() * rows_of_batch(); }

std::int64_t ToyTrainingSet::parts() const {
  return static_cast<std::int64_t>(run_->batches.size());
}

Batch ToyTrainingSet::part(std::int64_t part) { return numbered(part); }

Batch ToyTrainingSet::numbered(std::int64_t part) const {
  Batch batch = run_->batches.at(static_cast<std::size_t>(part));
  const std::int64_t first = part * rows_of_batch();
  batch.number =
      at::arange(first, first + rows_of_batch()).reshape({1, batch.domains, batch.rows_per_domain});
  return batch;
}

Tensor ToyTrainingSet::of_all(Tensor Batch::*member) const {
  std::vector<Tensor> each;
  for (const Batch& batch : run_->batches) {
    const Tensor& values = batch.*member;
    each.push_back(member == &Batch::x ? values : values.flatten(1));
  }
  return at::cat(each, 1);
}

Tensor ToyTrainingSet::sets_of(const Tensor& values) const {
  if (!within_domains_) return values;
  const Batch& like = run_->batches.front();
  return values.reshape({values.size(0), parts(), like.domains, like.rows_per_domain})
      .transpose(1, 2)
      .reshape({values.size(0) * like.domains, parts() * like.rows_per_domain});
}

void ToyTrainingSet::sample(const Tensor& weights) {
  weights_ = nouns::WeightedRows(sets_of(weights));
}

Batch ToyTrainingSet::batch(std::int64_t step) const {
  if (weights_.defined()) return drawn(step);
  const auto number = static_cast<std::size_t>(step) % run_->batches.size();
  if (!numbers_) return run_->batches[number];
  return numbered(static_cast<std::int64_t>(number));
}

Batch ToyTrainingSet::drawn(std::int64_t step) const {
  const Batch& like = run_->batches.front();
  const std::int64_t rows = rows_of_batch();
  const auto replicas = static_cast<std::int64_t>(run_->keys.size());
  Batch out;
  out.task = like.task;
  out.domains = within_domains_ ? like.domains : 1;
  out.rows_per_domain = rows / out.domains;
  out.number = at::empty({replicas, out.domains, out.rows_per_domain}, at::kLong);
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  std::vector<Tensor> group;
  std::vector<Tensor> weight;
  for (std::int64_t k = 0; k < replicas; ++k) {
    const RandomStream stream(run_->keys[static_cast<std::size_t>(k)].child("toy sampling"));
    const std::int64_t set = weights_.sets() == out.domains ? 0 : k * out.domains;
    std::int64_t* number = out.number.data_ptr<std::int64_t>() + k * rows;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t domain = i / out.rows_per_domain;
      const std::int64_t drawn = weights_.draw(set + domain, stream, step, i);
      number[i] = !within_domains_
                      ? drawn
                      : drawn / like.rows_per_domain * rows + domain * like.rows_per_domain +
                            drawn % like.rows_per_domain;
    }
    const auto own = [&](Tensor Batch::*member, std::vector<Tensor>& to) {
      if (!(like.*member).defined()) return;
      const Tensor all = of_all(member);
      to.push_back(all[all.size(0) == 1 ? 0 : k].index_select(0, out.number[k].flatten()));
    };
    own(&Batch::x, x);
    own(&Batch::y, y);
    own(&Batch::group, group);
    own(&Batch::weight, weight);
  }
  out.x = at::stack(x);
  const auto by_domain = [&](const std::vector<Tensor>& each) {
    return at::stack(each).reshape({replicas, out.domains, out.rows_per_domain});
  };
  out.y = by_domain(y);
  if (!group.empty()) out.group = by_domain(group);
  if (!weight.empty()) out.weight = by_domain(weight);
  if (!numbers_) out.number = Tensor();
  return out;
}

Batch ToyTrainingSet::validation(std::int64_t rows) {
  const Batch& all = run_->validation;
  if (!all.y.defined()) throw UsageError("a toy run without validation rows");
  Batch out = all;
  out.rows_per_domain = std::min(rows, all.rows_per_domain);
  const Tensor x = all.x.reshape({all.x.size(0), all.domains, all.rows_per_domain, -1});
  out.x = x.narrow(2, 0, out.rows_per_domain).flatten(1, 2).contiguous();
  out.y = all.y.narrow(2, 0, out.rows_per_domain).contiguous();
  if (all.group.defined()) out.group = all.group.narrow(2, 0, out.rows_per_domain).contiguous();
  return out;
}

Tensor ToyTrainingSet::unlabelled_target(std::int64_t rows, std::int64_t step) {
  const Tensor& x = run_->batches[static_cast<std::size_t>((step + 1) % parts())].x;
  return 0.1 * x.narrow(1, 0, std::min(rows, x.size(1)));
}

}  // namespace spurion::conformance
