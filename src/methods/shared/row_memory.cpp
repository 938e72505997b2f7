#include "methods/shared/row_memory.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace spurion::methods {

namespace {

/// Rows to copy, numbered through all replicas of their tensors.
struct RowMoves {
  std::vector<std::int64_t> from;
  std::vector<std::int64_t> to;  ///< of several rows for one place the last stays
};

/// Copies rows between contiguous tensors of one device.
void copy_rows(const Tensor& source, const Tensor& target, const RowMoves& moves) {
  if (moves.from.empty()) return;
  if (!target.is_cpu()) {
    std::map<std::int64_t, std::int64_t> last;
    for (std::size_t i = 0; i < moves.to.size(); ++i) last[moves.to[i]] = moves.from[i];
    std::vector<std::int64_t> both;
    for (const auto& [to, from] : last) both.push_back(to);
    for (const auto& [to, from] : last) both.push_back(from);
    const auto index = at::tensor(both, at::kLong).reshape({2, -1}).to(target.device()).unbind(0);
    target.flatten(0, 1).index_copy_(0, index[0], source.flatten(0, 1).index_select(0, index[1]));
    return;
  }
  const std::size_t bytes = target.nbytes() / static_cast<std::size_t>(target.size(0)) /
                            static_cast<std::size_t>(target.size(1));
  const auto* data = static_cast<const char*>(source.data_ptr());
  auto* out = static_cast<char*>(target.data_ptr());
  for (std::size_t i = 0; i < moves.from.size(); ++i) {
    std::memcpy(out + static_cast<std::size_t>(moves.to[i]) * bytes,
                data + static_cast<std::size_t>(moves.from[i]) * bytes, bytes);
  }
}

Tensor empty_rows(std::int64_t replicas, std::int64_t rows, const Tensor& like) {
  Shape shape = like.sizes().vec();
  shape[0] = replicas;
  shape[1] = rows;
  return at::empty(shape, like.options().requires_grad(false));
}

/// Rows `moves.from`, of each replica as many.
Tensor gather_rows(const Tensor& rows, const RowMoves& moves) {
  const auto replicas = rows.size(0);
  Tensor out = empty_rows(replicas, static_cast<std::int64_t>(moves.from.size()) / replicas, rows);
  copy_rows(rows, out, moves);
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
  const Tensor weight = batch.weight.defined() ? batch.weight.flatten(1).contiguous()
                                               : at::ones({1, y.size(1)}, x.options());
  const Tensor z = logits.defined() ? logits.detach().contiguous() : Tensor();
  if (!x_.defined()) {
    task_ = batch.task;
    x_ = empty_rows(replicas, capacity_, x);
    y_ = empty_rows(replicas, capacity_, y);
    weight_ = empty_rows(replicas, capacity_, weight);
    if (z.defined()) logits_ = empty_rows(replicas, capacity_, z);
  }
  RowMoves own;     // of rows that each replica has for itself
  RowMoves shared;  // of rows that are those of all
  for (std::int64_t k = 0; k < replicas; ++k) {
    const RandomStream stream(keys_[static_cast<std::size_t>(k)].child("reservoir"));
    for (std::int64_t i = 0; i < x.size(1); ++i) {
      const std::int64_t number = offered_ + i;
      const std::int64_t place = number < capacity_ ? number : stream.below(number + 1, number);
      if (place >= capacity_) continue;
      own.from.push_back(k * x.size(1) + i);
      own.to.push_back(k * capacity_ + place);
      shared.from.push_back(i);
    }
  }
  shared.to = own.to;
  const auto copy = [&](const Tensor& source, const Tensor& target) {
    copy_rows(source, target, source.size(0) == 1 ? shared : own);
  };
  copy(x, x_);
  copy(y, y_);
  copy(weight, weight_);
  if (logits_.defined()) copy(z, logits_);
  weighted_ = weighted_ || batch.weight.defined();
  offered_ += x.size(1);
}

RowMemory::Draw RowMemory::draw(std::int64_t rows, std::int64_t number) const {
  RowMoves index;
  for (std::size_t k = 0; k < keys_.size(); ++k) {
    const RandomStream stream(keys_[k].child("draw"));
    const std::int64_t first = static_cast<std::int64_t>(k) * capacity_;
    for (std::int64_t i = 0; i < rows; ++i) {
      index.to.push_back(static_cast<std::int64_t>(index.to.size()));
      index.from.push_back(first + stream.below(size(), number, i));
    }
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

}  // namespace spurion::methods
