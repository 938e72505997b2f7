#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "environments/linear_unit_tests/linear_unit_example.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/numerics/linear_algebra.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

struct LinearUnitTestsOptions {
  std::string example = "1";
  std::int64_t invariant_dimensions = 5;
  std::int64_t spurious_dimensions = 5;
  std::int64_t domains = 3;
};

/// The linear unit tests for invariance discovery (Aubin et al. 2021). The shift is the share of
/// rows whose spurious block is an independent draw from its marginal in the row's train domain.
/// See datasets/linear_unit_tests.md.
///
/// `Domain::parameters` is the list of train domains whose rows take turns: row i belongs to number
/// parameters[i % size]; empty means all of them, as in the test domain and along the shift curve.
/// So the published per-domain test error is that of a domain {"...", 1.0, key, {number}}, and the
/// mean over domains that of `test_domain()`.
class LinearUnitTests final : public GenerativeEnvironment {
 public:
  using Options = LinearUnitTestsOptions;
  static const Schema<Options>& schema();

  LinearUnitTests(const Options& options, const EnvironmentContext& context);

  [[nodiscard]] std::vector<Domain> train_domains() const override;
  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  /// Of example 1: what ridge regression on so many rows scores.
  [[nodiscard]] std::optional<Theory> theory(const TheoryRequest& request,
                                             const std::vector<Domain>& domains) const override;

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  void describe(const Options& options);
  [[nodiscard]] environments::Members members_of(const Domain& domain) const;

  environments::UnitTestSizes sizes_;
  std::unique_ptr<const environments::LinearUnitExample> example_;
  environments::Matrix scramble_;  ///< empty: inputs are shown as they are
};

/// What example 1 comes to in an infinite population; [domains] each.
struct Example1Population {
  std::vector<double> weights;          ///< pooled least squares on (x, z), before scrambling
  std::vector<double> in_distribution;  ///< its mean squared error in each train domain
  std::vector<double> test;             ///< the same with the spurious block resampled
  std::vector<double> invariant;        ///< of the best predictor from the invariant block
};
/// The population of `LinearUnitTests` with these sizes and this data seed, example "1" or "1s".
SPURION_API Example1Population example1_population(const LinearUnitTestsOptions& options,
                                                   std::uint64_t data_seed);

}  // namespace spurion::environments
