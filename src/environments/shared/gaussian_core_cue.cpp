#include "environments/shared/gaussian_core_cue.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "environments/shared/draws.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

using environments::normals;
using Kind = Intervention::Kind;

const Schema<CoreAndCueOptions>& CoreAndCueOptions::schema() {
  using O = CoreAndCueOptions;
  static const auto schema =
      Schema<O>()
          .field("core_dimensions", &O::core_dimensions,
                 "Number of coordinates that show the core.", between(1, 10000))
          .field("amplitude", &O::amplitude, "Scale of the cue in x.", positive(),
                 log_uniform(0.5, 8.0))
          .field("noise_dimensions", &O::noise_dimensions,
                 "Number of further coordinates of pure noise.", between(0, 100000));
  return schema;
}

std::int64_t CoreAndCue::dimensions() const { return core_dimensions_ + 1 + noise_dimensions_; }

std::vector<float> CoreAndCue::core(const RandomKey& key, RowRange rows,
                                    const std::vector<double>& mean) const {
  std::vector<float> values = normals(key.child("core_noise"), rows, core_dimensions_);
  const auto width = static_cast<std::size_t>(core_dimensions_);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    for (std::size_t j = 0; j < width; ++j) values[i * width + j] += static_cast<float>(mean[i]);
  }
  return values;
}

std::vector<double> CoreAndCue::statistics(const std::vector<float>& core) const {
  const auto width = static_cast<std::size_t>(core_dimensions_);
  const double scale = 1.0 / std::sqrt(static_cast<double>(core_dimensions_));
  std::vector<double> out(core.size() / width, 0.0);
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t j = 0; j < width; ++j) out[i] += scale * core[i * width + j];
  }
  return out;
}

void CoreAndCue::turn(std::vector<float>& core, const std::vector<int>& y,
                      const Intervention& intervention) const {
  const std::vector<double> readings = statistics(core);
  const auto width = static_cast<std::size_t>(core_dimensions_);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const double wanted = intervened_real(readings[i], y[i], readings[i], intervention);
    if (wanted == readings[i]) continue;
    for (std::size_t j = 0; j < width; ++j) core[i * width + j] *= -1.0F;
  }
}

Sample CoreAndCue::sample(const RandomKey& key, RowRange rows, const std::vector<float>& core,
                          const std::vector<int>& y, const std::vector<double>& cue) const {
  const std::vector<float> other = normals(key.child("noise"), rows, noise_dimensions_);
  const std::vector<double> readings = statistics(core);
  const auto core_width = static_cast<std::ptrdiff_t>(core_dimensions_);
  const auto noise_width = static_cast<std::ptrdiff_t>(noise_dimensions_);
  Sample sample;
  sample.x = at::empty({rows.count, dimensions()}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  auto* x = sample.x.data_ptr<float>();
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    x = std::copy_n(core.begin() + i * core_width, core_width, x);
    *x++ = static_cast<float>(amplitude_ * cue[at]);
    x = std::copy_n(other.begin() + i * noise_width, noise_width, x);
    const std::int64_t label = y[at] > 0 ? 1 : 0;
    sample.y.data_ptr<std::int64_t>()[i] = label;
    sample.causal.data_ptr<float>()[i] = static_cast<float>(readings[at]);
    sample.spurious.data_ptr<float>()[i] = static_cast<float>(cue[at]);
    sample.group.data_ptr<std::int64_t>()[i] = 2 * label + ((cue[at] > 0.0) == (y[at] > 0) ? 1 : 0);
  }
  return sample;
}

double intervened_real(double value, int y, double fresh, const Intervention& intervention) {
  switch (intervention.kind) {
    case Kind::set:
      return intervention.value;
    case Kind::flip:
      return -value;
    case Kind::align:
      return y * std::abs(value);
    case Kind::oppose:
      return -y * std::abs(value);
    case Kind::resample:
      return fresh;
    case Kind::none:
      break;
  }
  return value;
}

}  // namespace spurion::environments
