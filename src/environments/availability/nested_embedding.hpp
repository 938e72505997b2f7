#pragma once

#include <cstdint>
#include <vector>

#include "spurion/random.hpp"

namespace spurion::environments {

/// How a latent number is shown: along a random direction (depth 0), or bent by that many layers of
/// a fixed random network, after which it takes a nonlinear function to read it. Injective with
/// probability 1: each layer is a square random matrix and a strictly increasing function. So it is
/// in 32-bit numbers, as far as accuracy goes, up to `deepest` layers.
///
///     h_0 = w z,  |w| = sqrt(width)
///     h_l = tanh(gain W_l h_(l-1) + b_l),  W_l ~ N(0, 1/width), b_l ~ N(0, 1)
///     shown = h_depth, scaled so that E |shown|^2 = 1 for z ~ N(0, 1)
class SPURION_API NestedEmbedding {
 public:
  static constexpr double kGain = 2.0;

  /// Most layers through which 32-bit numbers still tell latents apart. Each layer is injective,
  /// but narrow and deep ones press together what they do not saturate: of 2000 random embeddings
  /// of each width from 2 to 6 none with so many layers costs a reader more than 1e-4 of accuracy;
  /// of 300 with six layers of width 2 one costs all of it.
  [[nodiscard]] static std::int64_t deepest(std::int64_t width) { return width - 1; }

  NestedEmbedding(const RandomKey& key, std::int64_t width, std::int64_t depth);

  [[nodiscard]] std::int64_t width() const { return static_cast<std::int64_t>(direction_.size()); }
  /// Writes `width()` numbers: `amplification` times what is shown of `z`.
  void show(double z, double amplification, float* out) const;

 private:
  [[nodiscard]] std::vector<double> hidden(double z) const;

  struct Layer {
    std::vector<double> weights;  ///< column by column
    std::vector<double> bias;
  };

  std::vector<double> direction_;
  std::vector<Layer> layers_;
  double scale_ = 1.0;
};

}  // namespace spurion::environments
