#include "models/shared/width_options.hpp"

#include <cmath>

namespace spurion::models {

const Schema<WidthOptions>& WidthOptions::schema() {
  using O = WidthOptions;
  static const auto schema =
      Schema<O>()
          .field("parametrisation", &O::parametrisation,
                 "How initial weights and learning rates change with the width: standard, or mup "
                 "(maximal-update parametrisation, Yang et al. 2022), with which one learning rate "
                 "fits all widths.",
                 one_of({"standard", "mup"}))
          .field("base_width", &O::base_width,
                 "Width at which mup is the same as standard. Without effect on standard.",
                 between(1, 65536));
  return schema;
}

WidthRule::WidthRule(const WidthOptions& options, std::int64_t width)
    : mup_(options.parametrisation == "mup"),
      multiplier_(static_cast<double>(width) / static_cast<double>(options.base_width)) {}

WidthScale WidthRule::of(WidthRole role) const {
  return mup_ ? WidthScale{role, multiplier_} : WidthScale{};
}

double WidthRule::attention_scale(std::int64_t depth) const {
  const double standard = 1.0 / std::sqrt(static_cast<double>(depth));
  return mup_ ? standard / std::sqrt(multiplier_) : standard;
}

BaseFans::BaseFans(std::int64_t in_now, std::int64_t out_now, const WidthScale& width)
    : in(static_cast<double>(in_now)), out(static_cast<double>(out_now)) {
  if (width.role == WidthRole::hidden || width.role == WidthRole::output) in /= width.multiplier;
  if (width.role == WidthRole::hidden || width.role == WidthRole::input) out /= width.multiplier;
}

double initial_factor(const WidthScale& width) {
  if (width.role == WidthRole::hidden) return 1.0 / std::sqrt(width.multiplier);
  return width.role == WidthRole::output ? 1.0 / width.multiplier : 1.0;
}

}  // namespace spurion::models
