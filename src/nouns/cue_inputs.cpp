#include "nouns/cue_inputs.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "nouns/default_twin.hpp"
#include "spurion/error.hpp"

namespace spurion {

Tensor CueInputs::part(const Tensor& x) const {
  const Tensor chosen = mask.unsqueeze(1).to(x.device());
  if (!between_channels) return x * chosen.to(x.scalar_type());
  // All channels of a pixel, so that what is left is orthogonal to what is taken. Channels are
  // added one by one: sums over a dimension may depend on what stands beside them.
  const std::int64_t channels = x.size(2);
  Tensor sum = x.select(2, 0);
  for (std::int64_t c = 1; c < channels; ++c) sum = sum + x.select(2, c);
  return (x - (sum / static_cast<double>(channels)).unsqueeze(2)) *
         chosen.any(2, true).to(x.scalar_type());
}

bool CueInputs::leaves_something() const {
  return between_channels || !mask.flatten(1).all(1).any().item<bool>();
}

namespace nouns {

namespace {

constexpr std::int64_t kComparedRows =
    256;  // rows of each train domain that are compared with their twins

/// Whether the differences between rows and their twins have sum 0 over the channels of each pixel.
bool moves_between_channels(const Tensor& x, const Tensor& other) {
  return x.dim() == 4 && x.size(1) > 1 && x.sum(1).sub(other.sum(1)).abs().max().item<float>() == 0;
}

}  // namespace

CueInputs cue_inputs_of(const Environment& environment, const std::string& cue) {
  const EnvironmentInfo& info = environment.info();
  const Intervention twin = default_twin(environment, cue);
  if (twin.kind == Intervention::Kind::none) {
    throw UsageError(
        fmt::format("{} cannot change its cue '{}' on a given row, so nobody knows which inputs "
                    "depend on it",
                    info.name, cue));
  }
  CueInputs found{cue, at::zeros(info.input_shape, at::kBool), true};
  for (const Domain& domain : environment.train_domains()) {
    const RowRange rows{0, std::min(kComparedRows, environment.row_limit(domain, Split::train))};
    const Tensor x = environment.sample(domain, Split::train, rows).x;
    const Tensor other = environment.sample(domain, Split::train, rows, twin).x;
    found.mask = found.mask.logical_or(x.ne(other).any(0));
    found.between_channels = found.between_channels && moves_between_channels(x, other);
  }
  found.mask = found.mask.unsqueeze(0);
  return found;
}

std::vector<CueInputs> stacked(const std::vector<std::vector<CueInputs>>& replicas) {
  std::vector<CueInputs> all = replicas.front();
  for (std::size_t q = 0; q < all.size(); ++q) {
    std::vector<Tensor> masks;
    for (const std::vector<CueInputs>& one : replicas) {
      masks.push_back(one[q].mask);
      all[q].between_channels = all[q].between_channels && one[q].between_channels;
    }
    all[q].mask = at::cat(masks);
  }
  return all;
}

}  // namespace nouns
}  // namespace spurion
