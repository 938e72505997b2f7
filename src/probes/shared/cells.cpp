#include "probes/shared/cells.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/matrix/matmul.hpp"
#include "probes/shared/shares.hpp"

namespace spurion::probes {

namespace {

using engine::batched_matmul;
using engine::Transpose;

std::vector<std::int64_t> row_values(const Tensor& values, std::int64_t replica) {
  const Tensor own =
      values.select(0, values.size(0) == 1 ? 0 : replica).to(at::kCPU, at::kLong).contiguous();
  return {own.data_ptr<std::int64_t>(), own.data_ptr<std::int64_t>() + own.numel()};
}

}  // namespace

Cells::Cells(const Tensor& y, const Tensor& cue, std::int64_t values, std::int64_t replica)
    : y_(row_values(y, replica)), cue_(row_values(cue, replica)), values_(values) {
  for (const std::int64_t label : y_) labels_ = std::max(labels_, label + 1);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(count()), 0);
  for (std::int64_t row = 0; row < rows(); ++row) ++counts[static_cast<std::size_t>(cell(row))];
  for (std::int64_t value = 0; value < values_; ++value) {
    const auto of = [&](std::int64_t label) {
      return counts[static_cast<std::size_t>(label * values_ + value)];
    };
    std::int64_t most = 0;
    for (std::int64_t label = 1; label < labels_; ++label) {
      if (of(label) > of(most)) most = label;
    }
    indicated_.push_back(most);
  }
}

std::vector<double> Cells::contrast(std::int64_t value) const {
  std::vector<double> own(static_cast<std::size_t>(labels_), 0.0);
  std::vector<double> others(static_cast<std::size_t>(labels_), 0.0);
  for (std::int64_t row = 0; row < rows(); ++row) {
    (cue(row) == value ? own : others)[static_cast<std::size_t>(label(row))] += 1.0;
  }
  double both = 0.0;
  for (std::size_t label = 0; label < own.size(); ++label) {
    if (own[label] > 0.0 && others[label] > 0.0) both += 1.0;
  }
  std::vector<double> weights(y_.size(), 0.0);
  for (std::int64_t row = 0; row < rows(); ++row) {
    const auto at_label = static_cast<std::size_t>(label(row));
    if (own[at_label] == 0.0 || others[at_label] == 0.0) continue;
    weights[static_cast<std::size_t>(row)] =
        cue(row) == value ? 1.0 / (both * own[at_label]) : -1.0 / (both * others[at_label]);
  }
  return weights;
}

std::vector<std::int64_t> Cells::partners(Differs how) const {
  std::vector<std::int64_t> found(y_.size(), -1);
  for (std::int64_t row = 0; row < rows(); ++row) {
    for (std::int64_t step = 1; step < rows(); ++step) {
      const std::int64_t other = (row + step) % rows();
      const bool wanted = how == Differs::in_cue
                              ? label(other) == label(row) && cue(other) != cue(row)
                              : label(other) != label(row) && cue(other) == cue(row);
      if (!wanted) continue;
      found[static_cast<std::size_t>(row)] = other;
      break;
    }
  }
  return found;
}

std::vector<Cells> cells_of(const Tensor& y, const CueLabels& cues, std::int64_t cue) {
  const Tensor values = cues.of(cue);
  const std::int64_t different = std::max(y.size(0), values.size(0));
  std::vector<Cells> all;
  for (std::int64_t k = 0; k < different; ++k) all.emplace_back(y, values, cues.values(cue), k);
  return all;
}

std::vector<Tensor> cue_directions(const Tensor& layer, const std::vector<Cells>& cells) {
  std::vector<Tensor> found;
  for (std::int64_t value = 1; value < cells.front().values(); ++value) {
    std::vector<Tensor> weights;
    for (const Cells& one : cells) {
      weights.push_back(at::tensor(one.contrast(value), layer.options().requires_grad(false)));
    }
    Tensor direction = batched_matmul(at::stack(weights).unsqueeze(1), Transpose::no, layer,
                                      Transpose::no);  // [K, 1, F]
    for (const Tensor& before : found) direction = direction - along(direction, {before});
    found.push_back(direction / length(direction).unsqueeze(2));
  }
  return found;
}

Tensor along(const Tensor& rows, const std::vector<Tensor>& directions) {
  Tensor sum = at::zeros_like(rows);
  for (const Tensor& direction : directions) {
    const Tensor lengths = batched_matmul(rows, Transpose::no, direction, Transpose::yes);
    sum = sum + batched_matmul(lengths, Transpose::no, direction, Transpose::no);
  }
  return sum;
}

Tensor found_direction(const std::vector<Cells>& cells) {
  Tensor told = at::zeros({static_cast<std::int64_t>(cells.size()), cells.front().rows()});
  for (std::size_t k = 0; k < cells.size(); ++k) {
    bool any = false;
    for (std::int64_t value = 1; value < cells[k].values(); ++value) {
      const std::vector<double> weights = cells[k].contrast(value);
      any = any || std::any_of(weights.begin(), weights.end(), [](double w) { return w != 0.0; });
    }
    if (any) told[static_cast<std::int64_t>(k)].fill_(1.0);
  }
  return told;
}

}  // namespace spurion::probes
