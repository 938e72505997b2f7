#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "environments/shared/generative_environment.hpp"
#include "environments/two_bit/two_bit_exact.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

struct TwoBitOptions {
  double alpha = 0.1;
  std::vector<double> betas = {0.11, 0.4};
  double test_beta = 0.9;
};

/// Two bits, each a noisy copy of the label (Kamath et al. 2021): x1 disagrees with it with
/// probability alpha in every domain, x2 with the domain's beta, which is the shift. Four inputs,
/// so whatever one may ask of the population has an exact answer: `TwoBitExact`. See
/// datasets/two_bit.md.
class TwoBit final : public GenerativeEnvironment {
 public:
  using Options = TwoBitOptions;
  static const Schema<Options>& schema();

  /// Throws `UsageError` for no betas or too many.
  TwoBit(Options options, const EnvironmentContext& context);

  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

  /// Of full-batch gradient descent from 0 on the logistic loss: its population curve. The stated
  /// error is how far the score may be off because the shares of the training rows differ from
  /// alpha and beta by two standard errors.
  [[nodiscard]] std::optional<Theory> theory(const TheoryRequest& request,
                                             const std::vector<Domain>& domains) const override;

  /// Population quantities of the train domains.
  [[nodiscard]] const TwoBitExact& exact() const { return exact_; }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  void describe();

  Options options_;
  TwoBitExact exact_;
};

}  // namespace spurion::environments
