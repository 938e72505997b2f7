#include "regimes/row_source.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion {
namespace {

struct OfflineOptions {
  bool counterfactual_cue = false;
  bool group_labels = false;
};

/// All train domains at once, a fixed training set, many epochs: the usual benchmark.
///
/// With `counterfactual_cue` every cue of each training row is resampled by intervention, so that
/// it says nothing: an oracle no real data set offers. With `group_labels` methods may see the
/// (label, cue) cell of each training row.
class Offline final : public Regime {
 public:
  using Options = OfflineOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("counterfactual_cue", &Options::counterfactual_cue,
                   "Train on rows whose cue was resampled by intervention (oracle).")
            .field("group_labels", &Options::group_labels,
                   "Let methods see the group of each training row.");
    return schema;
  }
  explicit Offline(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.group_labels = options_.group_labels;
    access.counterfactual_rows = options_.counterfactual_cue;
    return access;
  }

  void run(const RegimeContext& context, Method& method, Trainee& trainee,
           Evaluator& evaluator) const override {
    const auto slots = [this](const Environment& environment) {
      std::vector<Slot> all;
      for (const Domain& domain : environment.train_domains()) {
        all.push_back({domain, 0,
                       options_.counterfactual_cue
                           ? Intervention::resample(environment.info().every_cue())
                           : Intervention::none()});
      }
      return all;
    };
    const RowSource source(context, slots, context.training.rows, options_.group_labels);
    const std::int64_t every = context.evaluation.every;
    method.begin_phase(trainee, 0);
    for (std::int64_t step = 0; step < context.training.steps; ++step) {
      if (every > 0 && step % every == 0) evaluator.measure(trainee, 0, Detail::domains);
      const Batch batch = source.batch(step, context.training.batch);
      method.step(trainee, batch);
      evaluator.count_update(trainee, batch.domains * batch.rows_per_domain,
                             source.new_rows(step, context.training.batch));
    }
    evaluator.measure(trainee, 0, Detail::full);
  }

 private:
  Options options_;
};

}  // namespace

void register_offline(Catalog& catalog);
void register_offline(Catalog& catalog) {
  catalog.regimes.add<Offline>("offline", "All train domains at once, a fixed training set.", "-");
}

}  // namespace spurion
