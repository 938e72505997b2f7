#include "nouns/cue_scale.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

constexpr double kMostCueValues = 16.0;

}  // namespace

CueScale::CueScale(const EnvironmentInfo& info, const Sample& rows) {
  if (!rows.spurious.defined()) {
    throw UsageError(fmt::format("{} does not tell the value of its cue in a row", info.name));
  }
  const auto cues = static_cast<std::int64_t>(info.every_cue().size());
  const Tensor numbers = rows.spurious.to(at::kDouble);
  if (numbers.size(1) != cues) {
    throw UsageError(fmt::format(
        "{} tells {} numbers of a row for {} of its cues, so that rows with and without "
        "a cue cannot be told apart",
        info.name, numbers.size(1), cues));
  }
  for (std::int64_t q = 0; q < cues; ++q) {
    const Tensor own = numbers.select(1, q);
    const double greatest = own.max().item<double>();
    const bool whole = own.eq(own.floor()).all().item<bool>() && own.min().item<double>() >= 0.0 &&
                       greatest < kMostCueValues;
    whole_.push_back(whole);
    middle_.push_back(own.mean().item<double>());
    values_.push_back(whole ? std::max<std::int64_t>(2, static_cast<std::int64_t>(greatest) + 1)
                            : 2);
  }
}

Tensor CueScale::of(const Sample& rows) const {
  const Tensor numbers = rows.spurious.to(at::kDouble);
  std::vector<Tensor> each;
  for (std::size_t q = 0; q < values_.size(); ++q) {
    const Tensor own = numbers.select(1, static_cast<std::int64_t>(q));
    each.push_back(whole_[q] ? own.to(at::kLong).clamp(0, values_[q] - 1)
                             : own.gt(middle_[q]).to(at::kLong));
  }
  return at::stack(each, 1);
}

}  // namespace spurion::nouns
