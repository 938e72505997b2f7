#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "acting/rollout.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "regimes/shared/graph_masks.hpp"
#include "regimes/shared/stream_loop.hpp"

namespace spurion::regimes {

/// Options of the search for the graph of a policy that is conditioned on one.
struct GraphSearchOptions {
  std::string search = "execution";
  std::int64_t iterations = 20;
  double temperature = 10.0;
  std::int64_t episodes = 1;
  std::int64_t queries = 20;
};

/// Which variables the policy of each replica is shown, found by intervention (de Haan et al. 2019,
/// algorithms 1 and 2).
class GraphSearch {
 public:
  GraphSearch(Run& run, const GraphSearchOptions& options, const GraphMasks& masks,
              ActingCosts& costs);

  /// float32 [K, G]: 1 for a variable that is shown. Labels of expert answers, [K], are added to
  /// `labels`.
  [[nodiscard]] Tensor find(std::vector<std::int64_t>& labels);

 private:
  /// States that the expert is asked about, of each replica.
  struct Asked {
    Tensor inputs;   ///< float32 [K, Q, ...]
    Tensor answers;  ///< int64 [K, Q]
    Tensor weight;   ///< float64 [K, Q]: 0 where there were fewer states
  };
  /// What was seen at one step of the episodes of one domain.
  struct Moment {
    Tensor inputs;        ///< float32 [K, B, ...]
    Tensor answers;       ///< int64 [K, B]
    Tensor disagreement;  ///< float64 [K, B]
    Tensor open;          ///< bool [K, B]
  };
  /// A state that the expert may be asked about.
  struct Candidate {
    double disagreement = 0.0;
    std::size_t moment = 0;
    std::int64_t lane = 0;
  };
  /// Masks [K, G] of an iteration, drawn by weights float64 [K, G]:
  /// P(shown) = 1 / (1 + exp(-w / temperature)).
  [[nodiscard]] Tensor draw(const Tensor& weights, double temperature, std::int64_t iteration);
  /// The mean return, float64 [K], of episodes under masks [K, G].
  [[nodiscard]] Tensor execute(const Tensor& shown, std::int64_t iteration);
  /// Goes through episodes under masks drawn anew at each step, and picks the states on which the
  /// policies of all masks disagree most.
  [[nodiscard]] Asked ask(std::vector<std::int64_t>& labels);
  /// One action [K, B] of those under each mask: each step is taken under a mask of its own.
  [[nodiscard]] Tensor take(const std::vector<Tensor>& actions, const acting::Rollout& rollout,
                            std::uint64_t slot) const;
  /// The states of most disagreement, of each replica.
  [[nodiscard]] Asked pick(const std::vector<Moment>& moments,
                           std::vector<std::vector<Candidate>>& candidates,
                           std::vector<std::int64_t>& labels);
  /// The mean loss, float64 [K], on states of the expert under masks [K, G].
  [[nodiscard]] Tensor loss(const Asked& asked, const Tensor& shown) const;
  void count_step(const Tensor& open, std::int64_t passes);

  Run* run_;
  GraphSearchOptions options_;
  const GraphMasks* masks_;
  ActingCosts* costs_;
};

}  // namespace spurion::regimes
