#pragma once

#include "engine/risks/linear_risks.hpp"
#include "engine/risks/logistic_rows.hpp"

namespace spurion::engine {

/// Logistic loss: replicas of one data seed read the rows together, in one pass for risks and
/// gradients and one for Hessian products.
class LogisticRisks final : public LinearRisks {
 public:
  LogisticRisks(const std::vector<DomainRows>& rows, std::vector<std::size_t> source);
  [[nodiscard]] Values evaluate(const Tensor& parameters, bool keep_curvature) const override;
  [[nodiscard]] Tensor hessian_products(const Tensor& curvature,
                                        const Tensor& directions) const override;

 private:
  [[nodiscard]] LogisticRows rows_of(std::size_t seed, std::int64_t domain) const;

  std::int64_t rows_;
  std::int64_t padded_;                           ///< rows of all tiles
  Tensor tiles_;                                  ///< [data seeds, E, tiles, D, kTileRows]
  Tensor labels_;                                 ///< [data seeds, E, tiles * kTileRows]: signs
  std::vector<std::vector<std::int64_t>> users_;  ///< [data seeds] their replicas
};

}  // namespace spurion::engine
