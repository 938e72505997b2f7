#include "engine/learning_rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "spurion/error.hpp"

namespace spurion::engine {

LrSchedule::LrSchedule(const OptimizerOptions& options, std::int64_t replica)
    : shape_(Shape::constant),
      warmup_(options.warmup_fraction.at(replica)),
      cooldown_(options.cooldown_fraction.at(replica)),
      final_(options.final_lr_multiplier.at(replica)) {
  const std::string name = options.schedule.at(replica);
  if (name == "linear") {
    shape_ = Shape::linear;
  } else if (name == "cosine") {
    shape_ = Shape::cosine;
  } else if (name == "cooldown") {
    shape_ = Shape::cooldown;
  } else if (name != "constant") {
    throw UsageError(fmt::format("there is no schedule '{}'", name));
  }
}

double LrSchedule::multiplier(std::int64_t at, std::int64_t updates) const {
  const auto share = [&](double of) {
    return static_cast<std::int64_t>(std::llround(of * static_cast<double>(updates)));
  };
  const std::int64_t warmup = std::min(share(warmup_), updates);
  if (at < warmup) return static_cast<double>(at + 1) / static_cast<double>(warmup);
  if (shape_ == Shape::constant) return 1.0;
  const auto from_one = [&](double left) { return final_ + (1.0 - final_) * left; };
  if (at >= updates) return final_;
  if (shape_ == Shape::cooldown) {
    const std::int64_t cooldown = std::min(share(cooldown_), updates - warmup);
    const std::int64_t left = updates - at;
    if (left > cooldown) return 1.0;
    return from_one(static_cast<double>(left) / static_cast<double>(cooldown));
  }
  const double progress = static_cast<double>(at - warmup) / static_cast<double>(updates - warmup);
  if (shape_ == Shape::linear) return from_one(1.0 - progress);
  return from_one(0.5 * (1.0 + std::cos(M_PI * progress)));
}

namespace {

/// Whether `*` in the pattern can stand for texts that make it the name.
bool fits(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (name.substr(0, star) != pattern.substr(0, star)) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t from = star; from <= name.size(); ++from) {
    if (fits(rest, name.substr(from))) return true;
  }
  return false;
}

/// Whether an entry names a block: by its name, by that of its layer, or with a pattern.
bool names_block(const std::string& entry, const std::string& block) {
  if (fits(entry, block)) return true;
  return entry.find('*') == std::string::npos && block.size() > entry.size() &&
         block[entry.size()] == '.' && block.compare(0, entry.size(), entry) == 0;
}

[[noreturn]] void refuse(const std::string& entry, const ParameterLayout& layout) {
  std::vector<std::string> names = {"last_layer", "features"};
  for (const ParameterBlock& block : layout.blocks) {
    const std::string layer = block.name.substr(0, block.name.rfind('.'));
    if (names.back() != layer && layer != block.name) names.push_back(layer);
  }
  std::string blocks;
  for (const ParameterBlock& block : layout.blocks) {
    blocks += (blocks.empty() ? "" : ", ") + block.name;
    names.push_back(block.name);
  }
  const std::string nearest = nearest_name(entry, names);
  throw UsageError(
      fmt::format("lr_multipliers names '{}', but the model has no such block{} Its blocks are {}; "
                  "'last_layer' and 'features' name the blocks of the last layer and all others",
                  entry, nearest.empty() ? "." : fmt::format("; did you mean '{}'?", nearest),
                  blocks.empty() ? "without names" : blocks));
}

/// The factor of the learning rate that the width of the model gives a block; table:
/// `Optimizer`.
double rate_factor(const WidthScale& width, UpdateRule rule) {
  switch (width.role) {
    case WidthRole::fixed:
      return 1.0;
    case WidthRole::input:
      return rule == UpdateRule::sgd ? width.multiplier : 1.0;
    case WidthRole::hidden:
      return rule == UpdateRule::sgd ? 1.0 : 1.0 / width.multiplier;
    case WidthRole::output:
      break;
  }
  return 1.0 / width.multiplier;
}

/// How the gradient of a block changes with the width of the model.
double gradient_factor(const WidthScale& width) {
  const bool grows = width.role == WidthRole::input || width.role == WidthRole::hidden;
  return grows ? 1.0 / width.multiplier : 1.0;
}

/// The product of all entries that name a block, for each block.
std::vector<double> given_factors(const LrMultipliers& multipliers, const ParameterLayout& layout) {
  std::vector<double> factors(layout.blocks.size(), 1.0);
  for (const auto& [entry, factor] : multipliers) {
    const bool last = entry == "last_layer";
    bool named = (last || entry == "features") && !layout.blocks.empty();
    const bool word = named;
    for (std::size_t i = 0; i < layout.blocks.size(); ++i) {
      const ParameterBlock& block = layout.blocks[i];
      const bool own = word ? last == (block.offset >= layout.last_layer_offset)
                            : names_block(entry, block.name);
      if (own) factors[i] *= factor;
      named = named || own;
    }
    if (!named) refuse(entry, layout);
  }
  return factors;
}

bool same_factors(const LrSegment& a, const LrSegment& b) {
  return a.multiplier == b.multiplier && a.decay == b.decay && a.epsilon == b.epsilon;
}

}  // namespace

std::vector<LrSegment> lr_segments(const LrMultipliers& multipliers, const ParameterLayout& layout,
                                   UpdateRule rule) {
  const bool one_width =
      std::all_of(layout.blocks.begin(), layout.blocks.end(),
                  [](const ParameterBlock& block) { return block.width.role == WidthRole::fixed; });
  if (multipliers.empty() && one_width) return {{0, layout.count}};
  const std::vector<double> given = given_factors(multipliers, layout);
  std::vector<LrSegment> segments;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const ParameterBlock& block = layout.blocks[i];
    const LrSegment own = {block.offset, element_count(block.shape),
                           given[i] * rate_factor(block.width, rule), given[i],
                           gradient_factor(block.width)};
    if (!segments.empty() && same_factors(segments.back(), own)) {
      segments.back().count += own.count;
    } else {
      segments.push_back(own);
    }
  }
  return segments;
}

}  // namespace spurion::engine
