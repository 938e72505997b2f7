#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/counted.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "regimes/shared/grown_rows.hpp"
#include "regimes/shared/stream_loop.hpp"
#include "regimes/shared/visited_states.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct DaggerOptions {
  std::int64_t rounds = 5;
  std::int64_t labels = 200;
  std::int64_t episodes = 1;
  double beta = 0.0;
  std::string query = "own_states";
  std::string keep = "all";
};

/// Dataset aggregation (Ross, Gordon & Bagnell 2011). Training begins with demonstrations of the
/// train domains, as in the regime offline. Then `rounds` times: the policy acts in each train
/// domain, the expert says what it would do in `labels` of the states where the policy came, and
/// these rows join the training set. In round i the expert acts in the policy's place with
/// probability beta^i at each step; 0 is the choice without a parameter in the paper. All
/// `training.steps` updates are shared evenly among the demonstrations and the rounds. The policy
/// is trained on in each round; the paper trains a new one.
///
/// Episodes run to their end, `episodes` of them side by side, until they visited `labels` states;
/// `labels` of the visited states are drawn evenly. So the number of labels does not depend on the
/// policy. With `query` = demonstrations a round buys as many labels of further demonstrations: the
/// control that tells more rows from rows of one's own states.
class Dagger final : public Regime {
 public:
  using Options = DaggerOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("rounds", &O::rounds, "Number of times that the expert is asked.",
                   between(1, 10000))
            .field("labels", &O::labels, "Labels of each round in each train domain.",
                   between(1, 1e9))
            .field("episodes", &O::episodes,
                   "Episodes that run side by side. More follow until they visited enough states.",
                   between(1, 1e6))
            .field("beta", &O::beta,
                   "In round i the expert acts with the probability beta^i at each step.",
                   between(0, 1))
            .field("query", &O::query,
                   "What the labels are of: own_states, where the policy came, or demonstrations, "
                   "further rows of the expert (control).",
                   one_of({"own_states", "demonstrations"}))
            .field("keep", &O::keep,
                   "What is trained on after a round: all rows so far, or those of the latest "
                   "round alone.",
                   one_of({"all", "latest"}));
    return schema;
  }
  explicit Dagger(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.cue_inputs = true;
    access.expert_answers = own_states();
    return access;
  }
  [[nodiscard]] bool acts() const override { return true; }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    require_interactive(environment, "dagger");
    if (training.steps <= options_.rounds) {
      throw UsageError(fmt::format(
          "training.steps = {}: the regime dagger with {} needs at least {}, one for the "
          "demonstrations and one for each round",
          training.steps, core::counted(options_.rounds, "round"), options_.rounds + 1));
    }
    const double rows = static_cast<double>(training.rows) +
                        (own_states() ? 0.0
                                      : static_cast<double>(options_.rounds) *
                                            static_cast<double>(options_.labels));
    for (const Domain& domain : environment.train_domains()) {
      const std::int64_t limit = environment.row_limit(domain, Split::train);
      if (rows <= static_cast<double>(limit)) continue;
      throw UsageError(fmt::format(
          "the regime dagger needs {:.0f} rows, but {} has only {} in "
          "domain '{}'",
          rows, environment.info().name, core::counted(limit, "training row"), domain.name));
    }
  }

  /// The rows, as many as for 4 train domains, and a copy while they grow.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    const double asked =
        4.0 * static_cast<double>(options_.rounds) * static_cast<double>(options_.labels);
    return 2.0 * (sizes.training_rows + asked) * sizes.row;
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    for (const auto& environment : context.environments) {
      require_interactive(*environment, "dagger");
    }
    Run run{context, method, trainer, evaluator};
    Rounds body(run, options_);
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
    body.end();
  }

 private:
  [[nodiscard]] bool own_states() const { return options_.query == "own_states"; }

  class Rounds final : public PhaseBody {
   public:
    Rounds(Run& run, const Options& options)
        : run_(&run),
          options_(&options),
          rows_(run.context),
          costs_(static_cast<std::int64_t>(run.context.environments.size())) {}

    void prepare(std::int64_t /*phase*/, std::int64_t steps) override {
      steps_ = steps;
      rows_.add(demonstrations(run_->context, {0, run_->context.training.rows}), false, 0);
    }
    void step(std::int64_t phase, std::int64_t step) override {
      measure_on_the_way(*run_, phase, step);
      const std::int64_t before = round_;
      while (round_ < options_->rounds && step * (options_->rounds + 1) >= (round_ + 1) * steps_) {
        ask(step);
      }
      if (round_ > before) costs_.record(*run_, phase);
      const std::int64_t size = run_->context.training.batch;
      const Batch batch = rows_.batch(step, size);
      run_->method.step(run_->trainer, batch);
      UpdateCounts counts;
      counts.rows = batch.domains * batch.rows_per_domain;
      counts.new_labels = rows_.reveal(step, size);
      for (std::int64_t& labels : counts.new_labels) {
        labels += (round_ - before) * options_->labels * batch.domains;
      }
      counts.flops = costs_.take_flops();
      run_->evaluator.count_update(run_->trainer, counts);
    }
    /// Records what the whole training cost.
    void end() { costs_.record(*run_, 0); }

    void visit_state(StateVisitor& visit) override {
      visit("round", round_);
      StateVisitor rows = visit.inside("rows");
      rows_.visit_state(rows);
      StateVisitor costs = visit.inside("costs");
      costs_.visit_state(costs);
    }

   private:
    /// One round, before the update number `step`.
    void ask(std::int64_t step) {
      ++round_;
      const std::int64_t labels = options_->labels;
      SlotRows more;
      if (options_->query == "own_states") {
        const double share = std::pow(options_->beta, static_cast<double>(round_));
        more = visit_and_label(*run_, {labels, options_->episodes, round_ - 1, share}, costs_);
      } else {
        const std::int64_t first = run_->context.training.rows + (round_ - 1) * labels;
        more = demonstrations(run_->context, {first, labels});
      }
      if (options_->keep == "latest") rows_.clear();
      rows_.add(more, true, step);
    }

    Run* run_;
    const Options* options_;
    GrownRows rows_;
    ActingCosts costs_;
    std::int64_t steps_ = 0;
    std::int64_t round_ = 0;  // rounds so far
  };

  Options options_;
};

}  // namespace

void register_dagger(Catalog& catalog);
void register_dagger(Catalog& catalog) {
  catalog.regimes.add<Dagger>("dagger",
                              "The policy acts, and an expert labels the states where it came.",
                              "Ross, Gordon & Bagnell 2011, arXiv:1011.0686");
}

}  // namespace spurion::regimes
