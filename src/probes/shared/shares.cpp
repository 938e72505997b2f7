#include "probes/shared/shares.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "engine/matrix/matmul.hpp"
#include "spurion/losses.hpp"

namespace spurion::probes {

namespace {

using engine::batched_matmul;
using engine::Transpose;

/// Far below any effect that a float32 model has, so that 0 / 0 is 0.
constexpr double kNoEffect = 1e-9;
constexpr double kNoSquare = 1e-30;

/// [K, B] of [K or 1, B].
Tensor for_replicas(const Tensor& told, const Tensor& values) {
  return told.to(values.device(), values.scalar_type()).expand_as(values);
}

}  // namespace

Tensor sum_last(const Tensor& values) {
  return batched_matmul(values, Transpose::no, at::ones({1, values.size(2), 1}, values.options()),
                        Transpose::no)
      .squeeze(2);
}

Tensor length(const Tensor& values) {
  const Tensor flat = values.flatten(2);
  return (sum_last(flat * flat) + kNoSquare).sqrt();
}

Tensor mean_row(const Tensor& values) {
  const Tensor flat = values.flatten(2);
  const std::int64_t rows = flat.size(1);
  const Tensor sum =
      batched_matmul(at::ones({1, 1, rows}, flat.options()), Transpose::no, flat, Transpose::no);
  Shape shape = values.sizes().vec();
  shape[1] = 1;
  return (sum / static_cast<double>(rows)).reshape(shape);
}

Tensor confidence(Task task, const Tensor& logits) {
  if (task == Task::binary) return logits.squeeze(2);
  const Tensor chosen = logits.detach().argmax(2, true);
  return logits.gather(2, chosen).squeeze(2) -
         sum_last(logits) / static_cast<double>(logits.size(2));
}

Tensor probabilities(Task task, const Tensor& logits) {
  if (task == Task::binary) return losses::sigmoid(logits);
  const Tensor powers = losses::exp(logits - std::get<0>(logits.detach().max(2, true)));
  return powers / sum_last(powers).unsqueeze(2);
}

Tensor distance(Task task, const Tensor& a, const Tensor& b) {
  const Tensor apart = (a - b).abs();
  return task == Task::binary ? apart.squeeze(2) : sum_last(apart) * 0.5;
}

Tensor share(const Tensor& part, const Tensor& rest) { return part / (part + rest + kNoEffect); }

Reliance reliance_of(const std::vector<RowShares>& cues) {
  const Tensor& first = cues.front().values;
  const std::int64_t replicas = first.size(0);
  const std::int64_t rows = first.size(1);
  const auto count = static_cast<std::int64_t>(cues.size());
  Reliance found;
  found.of_cues = at::empty({replicas, count}, at::kDouble);
  std::vector<Tensor> each;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t q = 0; q < count; ++q) {
    const RowShares& cue = cues[static_cast<std::size_t>(q)];
    Tensor values = cue.values.detach();
    if (cue.told.defined())
      values = values.masked_fill(for_replicas(cue.told, values).eq(0), kNone);
    const Tensor dense = values.to(at::kCPU, at::kDouble).contiguous();
    for (std::int64_t k = 0; k < replicas; ++k) {
      const double* own = dense.data_ptr<double>() + k * rows;
      double sum = 0.0;
      std::int64_t told = 0;
      for (std::int64_t b = 0; b < rows; ++b) {
        if (std::isnan(own[b])) continue;
        sum += own[b];
        ++told;
      }
      found.of_cues.data_ptr<double>()[k * count + q] =
          told == 0 ? kNone : sum / static_cast<double>(told);
    }
    each.push_back(values.to(at::kCPU));
  }
  found.rows = at::stack(each, 2);
  return found;
}

Tensor pressure_of(const std::vector<RowShares>& cues) {
  Tensor total;
  for (const RowShares& cue : cues) {
    const Tensor told =
        for_replicas(cue.told.defined() ? cue.told : at::ones_like(cue.values), cue.values);
    const Tensor sum = sum_last((cue.values * told).unsqueeze(1)).squeeze(1);
    const Tensor mean = sum / sum_last(told.unsqueeze(1).contiguous()).squeeze(1).clamp_min(1.0);
    total = total.defined() ? total + mean : mean;
  }
  return total / static_cast<double>(cues.size());
}

std::vector<RowShares> gradient_shares(const Tensor& gradients, const CueCarriers& cues) {
  std::vector<RowShares> all;
  for (const CueInputs& cue : cues.cues()) {
    const Tensor own = cue.part(gradients);
    all.push_back({share(length(own), length(gradients - own))});
  }
  return all;
}

std::vector<RowShares> attribution_shares(const Tensor& gradients, const Tensor& change,
                                          const CueCarriers& cues) {
  const Tensor whole = sum_last((gradients * change).flatten(2));
  std::vector<RowShares> all;
  for (const CueInputs& cue : cues.cues()) {
    const Tensor own = sum_last((gradients * cue.part(change)).flatten(2));
    all.push_back({share(own.abs(), (whole - own).abs())});
  }
  return all;
}

Tensor confidence_gradient(const InputGradients& gradients, const Tensor& x) {
  const Task task = gradients.task();
  return gradients.of([task](const Tensor& logits) { return confidence(task, logits); }, x);
}

}  // namespace spurion::probes
