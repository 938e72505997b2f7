#pragma once

#include <string>
#include <vector>

#include "models/shared/layers.hpp"
#include "spurion/model.hpp"

/// \file
/// Normalisation layers of models that are not sequence models. As in sequence_layers.hpp nothing
/// is broadcast or summed across replicas, so a replica gives the same bits alone and among others.

namespace spurion::models {

/// Batch normalisation (Ioffe & Szegedy 2015) in one pass of a model.
class BatchNormPass {
 public:
  /// `share` as in `Model::forward_with_statistics`; 0: the running statistics alone.
  explicit BatchNormPass(double share = 0.0) : share_(share) {}

  /// The parameters of one layer, [K, C] each.
  struct Layer {
    Tensor scale;
    Tensor shift;
    Tensor mean;      ///< running
    Tensor variance;  ///< running
  };
  /// x [K, B, C, ...] with each channel brought to mean 0 and variance 1 over the rows and all
  /// further dimensions (1e-5 is added to the variance), then times scale and plus shift.
  [[nodiscard]] Tensor operator()(const Layer& layer, const Tensor& x);
  /// [K, S]: mean and unbiased variance of the rows in each layer so far; undefined if share is 0.
  [[nodiscard]] Tensor statistics() const;

 private:
  double share_;
  std::vector<Tensor> seen_;
};

/// Adds the blocks "NAME.weight" and "NAME.bias" and, for batch normalisation, "NAME.mean" and
/// "NAME.variance", of `channels` numbers each. `width`: how the first two grow with the width of
/// the model.
void add_normalisation(LayoutBuilder& builder, const std::string& name, std::int64_t channels,
                       bool batch, const WidthScale& width = {});

/// Fills the blocks that are scales ("NAME.weight") and running variances with 1; all others of
/// their kind start at 0.
void initialise_normalisation(Tensor& parameters, const std::vector<ParameterBlock>& layout);

}  // namespace spurion::models
