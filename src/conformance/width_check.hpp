#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/export.hpp"
#include "spurion/optimizer.hpp"

/// \file
/// How a model changes with its width: the coordinate check of the maximal-update parametrisation
/// (Yang et al. 2022, arXiv:2203.03466, appendix D) and the training loss by width.

namespace spurion::conformance {

/// Rows that models of all widths are trained on.
struct WidthRows {
  Task task = Task::binary;
  std::int64_t outputs = 1;
  Tensor x;  ///< [1, N, ...]
  Tensor y;  ///< [1, 1, N]
};

/// Which models are compared, and how they are trained: by empirical risk minimisation on
/// minibatches that are the same for all of them.
struct WidthStudy {
  std::string model;                   ///< a registered name
  Value options;                       ///< of the model, beside its width
  std::string width_option = "width";  ///< its option that is the width
  std::vector<std::int64_t> widths;    ///< ascending
  OptimizerOptions optimizer;          ///< default: adam
  std::int64_t seeds = 3;              ///< each with first weights of its own; default: 3
  std::int64_t batch_rows = 64;        ///< of a minibatch; default: 64
};

/// Numbers by update 0 .. n, width and seed.
using WidthNumbers = std::vector<std::vector<std::vector<double>>>;

/// The activations of a layer on the first rows.
struct LayerSizes {
  std::string layer;
  WidthNumbers values;   ///< mean |activation|
  WidthNumbers changes;  ///< mean |activation - activation before the first update|
};

/// That of each layer before training and after each of `updates` updates.
SPURION_API std::vector<LayerSizes> activations_by_width(const Catalog& catalog,
                                                         const WidthStudy& study,
                                                         const WidthRows& rows,
                                                         std::int64_t updates);

/// The loss on all rows after so many updates: [width][seed]. Infinite where the training diverged.
SPURION_API std::vector<std::vector<double>> losses_by_width(const Catalog& catalog,
                                                             const WidthStudy& study,
                                                             const WidthRows& rows,
                                                             std::int64_t updates);

/// The slope of the logarithm of a number against the logarithm of the width, by least squares:
/// 0.5 where it grows with the square root of the width. `values`: [width][seed], averaged over
/// seeds. Not a number where some mean is 0 or not finite.
SPURION_API double width_slope(const std::vector<std::int64_t>& widths,
                               const std::vector<std::vector<double>>& values);

/// Slopes between minus this and this count as flat: from width 64 to 1024 such a number changes by
/// no more than a factor of 2.
inline constexpr double kFlatSlope = 0.25;

/// How a layer depends on the width after the last update.
enum class WidthTrend {
  flat,   ///< its mean |activation| does not, and what the updates changed does not grow
  falls,  ///< logits or scores of attention that fall, and do not grow in what was changed
  steep   ///< anything else
};

/// Logits and the scores of attention (layers whose name ends with "scores") fall with the square
/// root of the width before the first update, and until what they learned outweighs their first
/// values: these two may fall, as the authors of the parametrisation say of their own check.
SPURION_API WidthTrend trend_of(const std::vector<std::int64_t>& widths, const LayerSizes& layer);

/// Whether no layer is steep.
SPURION_API bool is_flat(const std::vector<std::int64_t>& widths,
                         const std::vector<LayerSizes>& layers);

/// The place of the width with the lowest mean loss.
SPURION_API std::size_t best_width(const std::vector<std::vector<double>>& losses);

/// Whether wider models have a lower training loss: the widest has a lower mean than the narrowest,
/// and no other width is shown to be better than the widest (95 % interval of the difference over
/// seeds).
SPURION_API bool improves_with_width(const std::vector<std::vector<double>>& losses);

}  // namespace spurion::conformance
