#pragma once

#include <cstdint>
#include <string>

#include "spurion/model.hpp"
#include "spurion/schema.hpp"

namespace spurion::models {

/// How a model changes with its width. standard: each layer begins as its own size says, and all
/// have one learning rate. mup: the maximal-update parametrisation (Yang & Hu 2021,
/// arXiv:2011.14522; Yang et al. 2022, arXiv:2203.03466, table 3). Its first values here, its
/// learning rates in optimizer.hpp. No layer needs a multiplier in the forward pass, but the scores
/// of attention do.
struct WidthOptions {
  std::string parametrisation = "standard";
  std::int64_t base_width = 64;

  static const Schema<WidthOptions>& schema();
};

/// The parametrisation of a model of one width.
class WidthRule {
 public:
  WidthRule(const WidthOptions& options, std::int64_t width);

  /// What a block of this role says; nothing in the standard parametrisation.
  [[nodiscard]] WidthScale of(WidthRole role) const;
  /// The factor of the products of queries and keys of `depth` numbers each: 1 / sqrt(depth); mup:
  /// sqrt(base depth) / depth, the same at the base width.
  [[nodiscard]] double attention_scale(std::int64_t depth) const;

 private:
  bool mup_;
  double multiplier_;  ///< width / base width
};

/// Numbers that a layer reads and gives, at the base width: what the standard formula of its first
/// weights is taken of. Those of its own where it does not grow.
struct BaseFans {
  BaseFans(std::int64_t in, std::int64_t out, const WidthScale& width);

  double in;
  double out;
};

/// The factor of the first weights of a block, beside those of the standard parametrisation at the
/// base width: 1 / sqrt(m) of `hidden`, 1 / m of `output`, 1 of others.
double initial_factor(const WidthScale& width);

}  // namespace spurion::models
