#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/measure/evaluator.hpp"
#include "spurion/regime.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// Where and how often the state of a pack is kept.
struct CheckpointPlan {
  std::filesystem::path folder;  ///< empty: nowhere
  double seconds = 60.0;         ///< between two; 0: after every update
  std::string made_by;           ///< facts of what makes the trials: a state of another is not used
  /// Once it is set, the next state is saved at once and training ends; null: never.
  const std::atomic<bool>* stop = nullptr;
  /// Told once why states cannot be kept; the run goes on without.
  std::function<void(const std::string&)> complain;
};

/// The state of one pack in training, in a file of its own: parameters, optimiser, method, the
/// regime's place in its stream, and everything measured so far. A pack that is started again with
/// the same trials by the same build goes on from there to the same bits.
class PackCheckpoint final : public Checkpoint {
 public:
  PackCheckpoint(const CheckpointPlan& plan, const Pack& pack, PackEvaluator& evaluator,
                 ReplicaTrainer& trainer, Method& method);

  /// Throws `Interrupted`, with the state saved, once it was told to stop.
  void offer(const Visit& where) override;
  bool resume(const Visit& where) override;
  /// Deletes the file: the results are stored.
  static void discard(const CheckpointPlan& plan, const Pack& pack);

 private:
  void visit(StateVisitor& visitor, const Visit& where);
  void save(const Visit& where);

  CheckpointPlan plan_;
  std::string trials_;
  std::filesystem::path file_;
  PackEvaluator* evaluator_;
  ReplicaTrainer* trainer_;
  Method* method_;
  std::chrono::steady_clock::time_point last_;
};

/// Deletes what a killed run had not written to its end.
void remove_unfinished(const std::filesystem::path& folder);

/// Ids of the trials of each pack of which a state is kept in `folder`, in their order.
std::vector<std::vector<std::string>> checkpointed_packs(const std::filesystem::path& folder);

}  // namespace spurion::harness
