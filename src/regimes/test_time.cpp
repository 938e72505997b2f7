#include "regimes/shared/fixed_training.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct TestTimeOptions {
  bool group_labels = false;
  std::int64_t adaptation_batches = 10;
  std::int64_t adaptation_rows = 200;
  bool episodic = false;
};

/// Training as in the regime offline, then adaptation at test time: in each domain batches of
/// unlabelled rows arrive, and the method changes the trained model with them before the evaluated
/// rows of this domain are predicted. The rows of the batches are other rows than the evaluated
/// ones. Each domain meets the trained model, whatever the model became in another domain. Methods
/// may train with those of the test domain (`ReplicaTrainer::unlabelled_target`).
///
/// Phase 0 has the numbers before adaptation, phase 1 those after it. A method that does not adapt
/// has the same numbers in both. Evaluated rows are cut into as many stretches as there are
/// batches; stretch i is predicted after batch i. With `episodic` each batch meets the model as it
/// was trained, else as the batch before left it (the default of Tent, Wang et al. 2021).
///
/// Numbers after adaptation are transductive: they use inputs of the domain that they are measured
/// in. So the invariant ceiling, which is that of one predictor for all domains, does not bound
/// them.
class TestTime final : public Regime {
 public:
  using Options = TestTimeOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("group_labels", &Options::group_labels,
                   "Show methods the group of each training and validation row.")
            .field("adaptation_batches", &Options::adaptation_batches,
                   "Number of batches of unlabelled rows that arrive in each domain.",
                   between(1, 10000))
            .field("adaptation_rows", &Options::adaptation_rows, "Unlabelled rows of each batch.",
                   between(1, 1000000))
            .field("episodic", &Options::episodic,
                   "Adapt the trained model to each batch anew, not on from the batch before.");
    return schema;
  }
  explicit TestTime(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.group_labels = options_.group_labels;
    access.group_labels_validation = options_.group_labels;
    access.validation_rows = true;
    access.exact_ceilings = true;
    access.cue_inputs = true;
    access.unlabelled_target = true;
    return access;
  }
  [[nodiscard]] bool has_training_set() const override { return true; }

  [[nodiscard]] std::optional<Adaptation> adaptation(std::int64_t phase) const override {
    if (phase == 0) return std::nullopt;
    return Adaptation{options_.adaptation_batches, options_.adaptation_rows, options_.episodic};
  }

  /// What predicts after each batch, what two batches need in adaptation, and the unlabelled rows:
  /// once for the training, once for the evaluation.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    const auto rows = static_cast<double>(options_.adaptation_rows);
    return (static_cast<double>(options_.adaptation_batches) + 5.0) * sizes.parameters +
           2.0 * static_cast<double>(options_.adaptation_batches) * rows * sizes.row +
           2.0 * rows * sizes.activations;
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    FixedTraining body(run, train_domain_slots(), {options_.group_labels, adaptation(1)});
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
    evaluator.measure(trainer, 1, EvaluationScope::full);
  }

 private:
  Options options_;
};

}  // namespace

void register_test_time(Catalog& catalog);
void register_test_time(Catalog& catalog) {
  catalog.regimes.add<TestTime>(
      "test_time", "Offline training, then adaptation to unlabelled rows where it predicts.",
      "Wang et al. 2021, arXiv:2006.10726");
}

}  // namespace spurion::regimes
