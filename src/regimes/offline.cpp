#include <utility>

#include "regimes/shared/fixed_training.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct OfflineOptions {
  bool randomise_cue = false;
  bool group_labels = false;
  bool interventions = false;
};

/// All train domains at once, a fixed training set, many epochs: the common benchmark setting.
///
/// With `randomise_cue` every cue of each training row is resampled by intervention, so that
/// it is uninformative. No real data set offers such an oracle. With `interventions` methods that
/// ask for such rows get them, and others train on the rows as they come. With `group_labels`
/// methods may see the (label, cue) cell of each training and validation row. Methods may also ask
/// for the whole training set, for draws by weights, for validation rows of the train domains, and
/// for two things that only a known mechanism tells: the ceilings of the train domains and the
/// inputs of the cue.
class Offline final : public Regime {
 public:
  using Options = OfflineOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("randomise_cue", &Options::randomise_cue,
                   "Oracle: train on rows whose cues are resampled by intervention.")
            .field("group_labels", &Options::group_labels,
                   "Show methods the group of each training and validation row.")
            .field("interventions", &Options::interventions,
                   "Oracle: give training rows with resampled cues to the methods that ask for "
                   "them.");
    return schema;
  }
  explicit Offline(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.group_labels = options_.group_labels;
    access.group_labels_validation = options_.group_labels;
    access.validation_rows = true;
    access.counterfactual_rows = options_.randomise_cue || options_.interventions;
    // The ceilings are those of the rows as they come.
    access.exact_ceilings = !options_.randomise_cue;
    access.cue_inputs = true;
    return access;
  }

  [[nodiscard]] bool has_training_set() const override { return true; }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    SlotFunction slots = train_domain_slots();
    if (options_.randomise_cue || method.row_request().randomised_cues) {
      slots = with_resampled_cues(std::move(slots));
    }
    Run run{context, method, trainer, evaluator};
    FixedTraining body(run, slots, {options_.group_labels});
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
  }

 private:
  Options options_;
};

}  // namespace

void register_offline(Catalog& catalog);
void register_offline(Catalog& catalog) {
  catalog.regimes.add<Offline>(
      "offline", "Training on all train domains at once, with a fixed training set.", "-");
}

}  // namespace spurion::regimes
