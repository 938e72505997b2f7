#pragma once

#include <functional>
#include <vector>

#include "spurion/probe.hpp"

/// \file
/// What probes share: outputs as numbers of rows, and how effects of rows become a reliance. Every
/// function is exact per replica: its result does not depend on the replicas beside it.

namespace spurion::probes {

/// The sum over the last dimension: [K, B, D] -> [K, B].
Tensor sum_last(const Tensor& values);
/// The length of each row: [K, B, ...] -> [K, B]. Differentiable also where it is 0.
Tensor length(const Tensor& values);
/// The mean over rows: [K, B, ...] -> [K, 1, ...].
Tensor mean_row(const Tensor& values);

/// How sure the model is of the class that it predicts, [K, B]: the logit (binary), or the logit of
/// the predicted class minus the mean of all logits.
Tensor confidence(Task task, const Tensor& logits);
/// Probabilities, [K, B, C]; of class 1 alone, [K, B, 1], for binary tasks.
Tensor probabilities(Task task, const Tensor& logits);
/// The total variation distance of two such predictions, [K, B] in [0, 1].
Tensor distance(Task task, const Tensor& a, const Tensor& b);

/// `part` / (`part` + `rest`) of effects >= 0; 0 where there is no effect at all.
Tensor share(const Tensor& part, const Tensor& rest);

/// What a probe finds in each row about one cue.
struct RowShares {
  Tensor values;  ///< [K, B] in [0, 1]
  /// float32 [K or 1, B]: 1 where the row can tell, else 0; undefined: every row can.
  Tensor told = {};
};

/// The mean over the rows that can tell, and the rows themselves. Sums are kept in float64.
Reliance reliance_of(const std::vector<RowShares>& cues);
/// The same mean, averaged over the cues, [K], with the graph of the rows. A cue of which no row
/// can tell counts as 0.
Tensor pressure_of(const std::vector<RowShares>& cues);

/// A probe that finds a share in each row about each cue: what it measures and what a penalty
/// presses on are the same shares.
template <class... Sights>
class SharesProbe : public ProbeOf<Sights...> {
 public:
  [[nodiscard]] bool has_penalty() const final { return true; }

 private:
  /// For each cue what it finds, with a graph where one is wanted.
  [[nodiscard]] virtual std::vector<RowShares> shares(const Sights&... sights) const = 0;
  [[nodiscard]] Reliance look(const Sights&... sights) const final {
    return reliance_of(shares(sights...));
  }
  [[nodiscard]] Tensor press(const Sights&... sights) const final {
    return pressure_of(shares(sights...));
  }
};

/// How the gradients [K, B, ...] of rows are shared between the inputs of each cue and the rest.
std::vector<RowShares> gradient_shares(const Tensor& gradients, const CueCarriers& cues);
/// How the effects gradient * change of rows are: both [K, B, ...].
std::vector<RowShares> attribution_shares(const Tensor& gradients, const Tensor& change,
                                          const CueCarriers& cues);
/// The gradient of how sure the model is, [K, B, ...].
Tensor confidence_gradient(const InputGradients& gradients, const Tensor& x);

}  // namespace spurion::probes
