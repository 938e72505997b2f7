#include "methods/row_memory.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

namespace spurion {

namespace {

/// Copies row `from` of replica k to row `to`; a source with one replica is shared by all.
void copy_row(const Tensor& source, std::int64_t from, const Tensor& target, std::int64_t to,
              std::int64_t replica) {
  const std::size_t bytes = target.nbytes() / static_cast<std::size_t>(target.size(0)) /
                            static_cast<std::size_t>(target.size(1));
  const std::int64_t own = source.size(0) == 1 ? 0 : replica;
  const auto* data = static_cast<const char*>(source.data_ptr()) +
                     static_cast<std::size_t>(own * source.size(1) + from) * bytes;
  auto* out = static_cast<char*>(target.data_ptr()) +
              static_cast<std::size_t>(replica * target.size(1) + to) * bytes;
  std::memcpy(out, data, bytes);
}

Tensor empty_rows(std::int64_t replicas, std::int64_t rows, const Tensor& like) {
  Shape shape = like.sizes().vec();
  shape[0] = replicas;
  shape[1] = rows;
  return at::empty(shape, like.options().requires_grad(false));
}

Tensor gather_rows(const Tensor& rows, const std::vector<std::int64_t>& index) {
  const auto replicas = rows.size(0);
  const auto count = static_cast<std::int64_t>(index.size()) / replicas;
  Tensor out = empty_rows(replicas, count, rows);
  for (std::int64_t k = 0; k < replicas; ++k) {
    for (std::int64_t i = 0; i < count; ++i) {
      copy_row(rows, index[static_cast<std::size_t>(k * count + i)], out, i, k);
    }
  }
  return out;
}

}  // namespace

RowMemory::RowMemory(std::int64_t capacity, const MethodContext& context, const char* name)
    : capacity_(capacity) {
  for (std::int64_t k = 0; k < context.replicas; ++k) {
    keys_.push_back(context.key(k).child("memory").child(name));
  }
}

std::int64_t RowMemory::size() const { return std::min(offered_, capacity_); }

void RowMemory::add(const Batch& batch, const Tensor& logits) {
  const auto replicas = static_cast<std::int64_t>(keys_.size());
  const Tensor x = batch.x.contiguous();
  const Tensor y = batch.y.flatten(1).contiguous();
  const Tensor weight =
      batch.weight.defined() ? batch.weight.flatten(1).contiguous() : at::ones({1, y.size(1)});
  const Tensor z = logits.defined() ? logits.detach().contiguous() : Tensor();
  if (!x_.defined()) {
    task_ = batch.task;
    x_ = empty_rows(replicas, capacity_, x);
    y_ = empty_rows(replicas, capacity_, y);
    weight_ = empty_rows(replicas, capacity_, weight);
    if (z.defined()) logits_ = empty_rows(replicas, capacity_, z);
  }
  for (std::int64_t k = 0; k < replicas; ++k) {
    const Stream stream(keys_[static_cast<std::size_t>(k)].child("reservoir"));
    for (std::int64_t i = 0; i < x.size(1); ++i) {
      const std::int64_t number = offered_ + i;
      const std::int64_t place = number < capacity_ ? number : stream.below(number + 1, number);
      if (place >= capacity_) continue;
      copy_row(x, i, x_, place, k);
      copy_row(y, i, y_, place, k);
      copy_row(weight, i, weight_, place, k);
      if (logits_.defined()) copy_row(z, i, logits_, place, k);
    }
  }
  weighted_ = weighted_ || batch.weight.defined();
  offered_ += x.size(1);
}

RowMemory::Draw RowMemory::draw(std::int64_t rows, std::int64_t number) const {
  std::vector<std::int64_t> index;
  for (const StreamKey& key : keys_) {
    const Stream stream(key.child("draw"));
    for (std::int64_t i = 0; i < rows; ++i) index.push_back(stream.below(size(), number, i));
  }
  Draw out;
  out.batch.x = gather_rows(x_, index);
  out.batch.y = gather_rows(y_, index).unsqueeze(1);
  if (weighted_) out.batch.weight = gather_rows(weight_, index).unsqueeze(1);
  out.batch.rows_per_domain = rows;
  out.batch.task = task_;
  if (logits_.defined()) out.logits = gather_rows(logits_, index);
  return out;
}

Batch RowMemory::all() const {
  Batch out;
  out.x = x_.narrow(1, 0, size()).contiguous();
  out.y = y_.narrow(1, 0, size()).contiguous().unsqueeze(1);
  if (weighted_) out.weight = weight_.narrow(1, 0, size()).contiguous().unsqueeze(1);
  out.rows_per_domain = size();
  out.task = task_;
  return out;
}

double RowMemory::bytes(const MemorySizes& sizes, bool with_logits) const {
  return static_cast<double>(capacity_) * (sizes.row + (with_logits ? sizes.logits : 0.0));
}

double RowMemory::drawn_bytes(const MemorySizes& sizes, std::int64_t rows) {
  // Once as drawn and once joined to the newest; what the pass keeps for its way back.
  return static_cast<double>(rows) * (2.0 * sizes.row + 1.5 * sizes.activations);
}

void RowMemory::clear() { offered_ = 0; }

void RowMemory::visit_state(StateVisitor& visit) {
  auto task = static_cast<std::int64_t>(task_);
  visit("offered", offered_);
  visit("task", task);
  visit("x", x_);
  visit("y", y_);
  visit("weight", weight_);
  visit("weighted", weighted_);
  visit("logits", logits_);
  task_ = static_cast<Task>(task);
}

Tensor joined_rows(const Tensor& first, const Tensor& second) {
  const std::int64_t replicas = std::max(first.size(0), second.size(0));
  const auto whole = [replicas](const Tensor& rows) {
    Shape shape = rows.sizes().vec();
    shape[0] = replicas;
    return rows.expand(shape);
  };
  return at::cat({whole(first), whole(second)}, 1);
}

Output output_rows(const Output& output, std::int64_t first, std::int64_t count) {
  Output part;
  if (output.features.defined()) part.features = output.features.narrow(1, first, count);
  part.logits = output.logits.narrow(1, first, count);
  return part;
}

}  // namespace spurion
