#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::environments {

/// Parameters of a domain of `two_bit`: how often each bit disagrees with the label.
struct TwoBitDomain {
  double alpha = 0.0;
  double beta = 0.0;
};

/// A predictor on the four inputs: its output at (x1, x2) = (+,+), (+,-), (-,+), (-,-).
using TwoBitLogits = std::array<double, 4>;

/// Logistic: log(1 + exp(-y f)). Squared: (f - y)^2, without the one half of Kamath et al., so that
/// risks are twice and penalties four times theirs. y is -1 or +1.
enum class TwoBitLoss { logistic, squared };

/// Every population quantity of the two-bit environment, by summing over its eight cells (x1, x2,
/// y).
class SPURION_API TwoBitExact {
 public:
  /// Throws `UsageError` without domains or with parameters outside [0, 1].
  explicit TwoBitExact(std::vector<TwoBitDomain> train_domains);

  static constexpr int kInputs = 4;
  /// x1 and x2 of an input, -1 or +1.
  [[nodiscard]] static int first_bit(int input) { return input < 2 ? 1 : -1; }
  [[nodiscard]] static int second_bit(int input) { return input % 2 == 0 ? 1 : -1; }
  /// P(input, y); y is -1 or +1.
  [[nodiscard]] static double probability(const TwoBitDomain& domain, int input, int y);

  /// E[loss(f(x), y)]
  [[nodiscard]] static double risk(const TwoBitDomain& domain, const TwoBitLogits& f,
                                   TwoBitLoss loss);
  /// d risk(s f) / ds at s = 1; IRMv1's penalty of a domain is the square of it.
  [[nodiscard]] static double scale_gradient(const TwoBitDomain& domain, const TwoBitLogits& f,
                                             TwoBitLoss loss);
  /// P(sign f(x) = y); an output within `kTie` of 0 counts one half.
  [[nodiscard]] static double accuracy(const TwoBitDomain& domain, const TwoBitLogits& f);
  /// The output with the least risk at each input: log-odds or mean of y. Inputs of probability 0
  /// get 0; log-odds of certain labels are infinite.
  [[nodiscard]] static TwoBitLogits bayes(const TwoBitDomain& domain, TwoBitLoss loss);
  /// The same for a predictor that sees x1 alone.
  [[nodiscard]] static TwoBitLogits invariant(double alpha, TwoBitLoss loss);

  [[nodiscard]] const std::vector<TwoBitDomain>& train_domains() const { return train_domains_; }
  /// Mean over train domains.
  [[nodiscard]] double mean_risk(const TwoBitLogits& f, TwoBitLoss loss) const;
  /// Mean over train domains of the squared scale gradients.
  [[nodiscard]] double irm_penalty(const TwoBitLogits& f, TwoBitLoss loss) const;
  /// Variance over train domains of their risks (divided by their number): V-REx's penalty.
  [[nodiscard]] double risk_variance(const TwoBitLogits& f, TwoBitLoss loss) const;
  /// mean_risk + weight * irm_penalty.
  [[nodiscard]] double irm_objective(const TwoBitLogits& f, double weight, TwoBitLoss loss) const;
  /// What minimises the pooled risk.
  [[nodiscard]] TwoBitLogits erm(TwoBitLoss loss) const;
  /// The logits a x1 + b x2 after `steps` updates of gradient descent on the pooled logistic risk
  /// plus l2 (a^2 + b^2), from 0.
  struct Descent {
    std::int64_t steps = 0;
    double rate = 0.0;
    double l2 = 0.0;
  };
  [[nodiscard]] TwoBitLogits descended(const Descent& descent) const;
  /// Whether every input of this domain occurs in a train domain: elsewhere any answer minimises.
  [[nodiscard]] bool shows(const TwoBitDomain& domain) const;

  /// The odd predictor with f(+,+) = a, f(+,-) = b. Negating both bits negates y, so odd predictors
  /// lose nothing.
  [[nodiscard]] static TwoBitLogits odd(double a, double b) { return {a, b, -b, -a}; }
  /// The odd predictor with the least `irm_objective`, |a| and |b| at most 8, found by descent from
  /// a grid of starts.
  [[nodiscard]] TwoBitLogits irm_minimiser(double weight, TwoBitLoss loss) const;

 private:
  std::vector<TwoBitDomain> train_domains_;
};

}  // namespace spurion::environments
