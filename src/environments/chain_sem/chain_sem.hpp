#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "environments/shared/ceilings/population_regression.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/numerics/linear_algebra.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

struct ChainSemOptions {
  bool hidden = false;
  bool heteroskedastic = false;
  bool scrambled = false;
  std::int64_t half_dimensions = 5;
  bool setup_ones = true;
  std::vector<double> train_scales = {0.2, 2.0, 5.0};
  double test_scale = 0.0;
};

/// The chain x -> y -> z of Arjovsky et al. 2019, where z predicts the sum of y as well as its
/// noise lets it. The shift is the scale e of the noise. See datasets/chain_sem.md.
class SPURION_API ChainSem final : public GenerativeEnvironment {
 public:
  using Options = ChainSemOptions;
  static const Schema<Options>& schema();
  static constexpr double kLowestScale = 0.1;
  static constexpr double kHighestScale = 10.0;

  /// Throws `UsageError` for a number of train scales or a test scale out of range.
  ChainSem(Options options, const EnvironmentContext& context);

  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  /// What ridge regression on so many rows scores.
  [[nodiscard]] std::optional<Theory> theory(const TheoryRequest& request,
                                             const std::vector<Domain>& domains) const override;
  /// "causal_coefficient_error": mean over the coefficients of x of the squared distance to W_xy 1;
  /// "noncausal_coefficient_error": mean over those of z of their squares. [K] float64 each, of
  /// weights on the inputs as shown; scrambling is undone.
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const override;

  /// The inputs' coefficients that minimise the error pooled over the train domains, as shown.
  [[nodiscard]] std::vector<double> population_erm_weights() const;

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  /// Path coefficients; a row vector times such a matrix is the next variable's mean.
  struct Paths {
    environments::Matrix hidden_x;
    environments::Matrix hidden_y;
    environments::Matrix hidden_z;
    environments::Matrix x_y;
    environments::Matrix y_z;
  };
  /// Rows of the chain before scrambling.
  struct Rows;

  void describe();
  static Paths draw_paths(const Options& options, const RandomKey& key);
  [[nodiscard]] environments::Moments moments(double scale) const;
  [[nodiscard]] double y_noise(double scale) const {
    return options_.heteroskedastic ? scale : 1.0;
  }
  [[nodiscard]] double z_noise(double scale) const {
    return options_.heteroskedastic ? 1.0 : scale;
  }
  [[nodiscard]] Rows draw(const RandomKey& noise, RowRange rows, double scale) const;

  Options options_;
  Paths paths_;
  environments::Matrix scramble_;          ///< the identity unless scrambled
  environments::Vector erm_weights_;       ///< on (x, z)
  environments::Vector spurious_weights_;  ///< the same from z alone
};

}  // namespace spurion::environments
