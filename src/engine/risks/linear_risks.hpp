#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::engine {

/// Rows of all domains of one data seed.
struct DomainRows {
  Tensor x;  ///< [E * B, D] float32, domain by domain
  Tensor y;  ///< [E, B] float32 targets (regression) or int64 labels (binary)
};

/// Per-domain risks of a linear model with a bias over a fixed set of rows, as functions of its
/// parameters [D weights, bias]. Squared loss: from the rows' second moments, whatever their
/// number. Logistic loss: one pass over the rows, which replicas of the same data seed make
/// together.
class LinearRisks {
 public:
  virtual ~LinearRisks() = default;

  [[nodiscard]] std::int64_t replicas() const { return static_cast<std::int64_t>(source_.size()); }
  [[nodiscard]] std::int64_t domains() const { return domains_; }
  [[nodiscard]] std::int64_t width() const { return width_; }

  /// Risks [K, E] and their gradients [K, E, D + 1] at `parameters` [K, D + 1]. `curvature`: what
  /// `hessian_products` needs, undefined unless `keep_curvature`.
  struct Values {
    Tensor risks;
    Tensor gradients;
    Tensor curvature;
  };
  [[nodiscard]] virtual Values evaluate(const Tensor& parameters, bool keep_curvature) const = 0;
  /// Adds H_e directions[k, e] over the domains, [K, D + 1]; `directions` [K, E, D + 1].
  [[nodiscard]] virtual Tensor hessian_products(const Tensor& curvature,
                                                const Tensor& directions) const = 0;

 protected:
  LinearRisks(std::vector<std::size_t> source, std::int64_t domains, std::int64_t width)
      : source_(std::move(source)), domains_(domains), width_(width) {}

  std::vector<std::size_t> source_;  ///< [K] which data seed
  std::int64_t domains_;
  std::int64_t width_;  ///< D + 1
};

/// Whether `make_linear_risks` handles these rows, and faster than a pass through the logits.
SPURION_API bool linear_risks_apply(Task task, std::int64_t inputs, std::int64_t outputs);

/// `source[k]` is the index in `rows` of replica k's.
SPURION_API std::shared_ptr<const LinearRisks> make_linear_risks(
    Task task, const std::vector<DomainRows>& rows, std::vector<std::size_t> source);

/// Risks [K, E] and their gradients [K, E, D + 1] as an autograd node: both may be differentiated
/// once in `parameters`. The gradients only when `keep_curvature`.
SPURION_API std::pair<Tensor, Tensor> risks_and_gradients(
    const std::shared_ptr<const LinearRisks>& risks, const Tensor& parameters, bool keep_curvature);

}  // namespace spurion::engine
