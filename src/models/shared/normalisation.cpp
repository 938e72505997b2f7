#include "models/shared/normalisation.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/matrix/matmul.hpp"
#include "models/shared/sequence_layers.hpp"

namespace spurion::models {

namespace {

/// Added to a variance before its root is taken.
constexpr double kVarianceFloor = 1e-5;

/// Sums over rows of values [K, B, n]: [K, 1, n].
Tensor sums_over_rows(const Tensor& values) {
  return engine::batched_matmul(at::ones({1, 1, values.size(1)}, values.options()),
                                engine::Transpose::no, values, engine::Transpose::no);
}

/// Values of rows, B rows of C channels of S places each: [K, B, C * S].
struct Channels {
  std::int64_t channels;
  std::int64_t places;

  /// Means over rows and places: [K, C].
  [[nodiscard]] Tensor means(const Tensor& values) const {
    const double share = 1.0 / static_cast<double>(values.size(1) * places);
    const Tensor sums = sums_over_rows(values) * share;
    if (places == 1) return sums.squeeze(1);
    return row_sums(sums.reshape({values.size(0), channels, places})).squeeze(2);
  }
  /// numbers [K, C] at every row and place: [K, B, C * S].
  [[nodiscard]] Tensor everywhere(const Tensor& numbers, std::int64_t rows) const {
    if (places == 1) return spread(numbers, rows);
    const Tensor wide = widen(numbers.unsqueeze(2), places);
    return spread(wide.reshape({numbers.size(0), channels * places}), rows);
  }
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

Tensor BatchNormPass::operator()(const Layer& layer, const Tensor& x) {
  const std::int64_t rows = x.size(1);
  const Tensor values = x.flatten(2);
  const Channels shape{x.size(2), values.size(2) / x.size(2)};
  Tensor mean = layer.mean;
  // A method may have moved it, with noise for example.
  Tensor variance = layer.variance.clamp_min(0.0);
  if (share_ > 0.0) {
    const Tensor own_mean = shape.means(values);
    const Tensor own_centred = values - shape.everywhere(own_mean, rows);
    const Tensor own_variance = shape.means(own_centred * own_centred);
    const auto count = static_cast<double>(rows * shape.places);
    seen_.push_back(own_mean.detach());
    seen_.push_back(own_variance.detach() * (count / std::max(count - 1.0, 1.0)));
    if (share_ == 1.0) {
      mean = own_mean;
      variance = own_variance;
    } else {
      mean = own_mean * share_ + mean * (1.0 - share_);
      variance = own_variance * share_ + variance * (1.0 - share_);
    }
  }
  const Tensor factor = layer.scale / (variance + kVarianceFloor).sqrt();
  const Tensor normal = (values - shape.everywhere(mean, rows)) * shape.everywhere(factor, rows) +
                        shape.everywhere(layer.shift, rows);
  return normal.reshape(x.sizes());
}

Tensor BatchNormPass::statistics() const { return seen_.empty() ? Tensor() : at::cat(seen_, 1); }

void add_normalisation(LayoutBuilder& builder, const std::string& name, std::int64_t channels,
                       bool batch, const WidthScale& width) {
  builder.add(name + ".weight", {channels}, BlockRole::normalisation, width);
  builder.add(name + ".bias", {channels}, BlockRole::normalisation, width);
  if (!batch) return;
  builder.add(name + ".mean", {channels}, BlockRole::statistic);
  builder.add(name + ".variance", {channels}, BlockRole::statistic);
}

void initialise_normalisation(Tensor& parameters, const std::vector<ParameterBlock>& layout) {
  for (const ParameterBlock& block : layout) {
    const bool one = (block.role == BlockRole::normalisation && ends_with(block.name, ".weight")) ||
                     (block.role == BlockRole::statistic && ends_with(block.name, ".variance"));
    if (one) parameters.narrow(1, block.offset, block.shape[0]).fill_(1.0);
  }
}

}  // namespace spurion::models
