#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "core/measurement_names.hpp"
#include "regimes/shared/fixed_training.hpp"
#include "regimes/shared/graph_search.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

using GraphInterventionOptions = GraphSearchOptions;

/// Most variables whose graphs are enumerated.
constexpr std::size_t kMostVariables = 10;

/// A policy that is conditioned on a causal graph, and the search for the graph by intervention (de
/// Haan, Jayaraman & Levine 2019). Stage 1, all `training.steps` updates: on demonstrations of the
/// train domains each row is shown a random subset m of the variables, each with probability 1/2;
/// the policy gets [inputs * m, m]. Stage 2 searches the subset, and the policy is evaluated with
/// it. Measurements before the end show all variables.
///
/// `search` = execution: masks are drawn with P(m_g = 1) = 1 / (1 + exp(-w_g / temperature)), the
/// policy acts, and w is the ridge regression (strength 1) of the returns on the masks so far; in
/// the end w_g > 0 is shown. Constants are those of the authors' code. `search` = expert_query: the
/// policy acts under masks drawn anew at each step; the expert is asked about the `queries` states
/// where the policies of all masks disagree most (their mean divergence from their mixture), and w
/// is the regression of minus the loss on its answers, at temperature 1 (the paper's algorithm; its
/// code has not been published).
class GraphIntervention final : public Regime {
 public:
  using Options = GraphInterventionOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("search", &O::search,
                   "How the variables are chosen: execution, by returns of the policy, or "
                   "expert_query, by answers of the expert.",
                   one_of({"execution", "expert_query"}))
            .field("iterations", &O::iterations, "Masks that the search tries.", between(1, 100000))
            .field("temperature", &O::temperature,
                   "Temperature at which the search by execution draws masks.", positive())
            .field("episodes", &O::episodes,
                   "Episodes in each train domain: of each mask, or in which states are visited "
                   "that the expert may be asked about.",
                   between(1, 1e6))
            .field("queries", &O::queries,
                   "States that the expert is asked about; of expert_query.", between(1, 1e6));
    return schema;
  }
  explicit GraphIntervention(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.expert_answers = options_.search == "expert_query";
    return access;
  }
  [[nodiscard]] bool acts() const override { return true; }

  void check(const Environment& environment, const TrainingOptions& /*training*/) const override {
    const InteractiveEnvironment& world = require_interactive(environment, "graph_intervention");
    const std::size_t variables = world.acting().graph_inputs.size();
    if (variables == 0) {
      throw UsageError(fmt::format(
          "regime 'graph_intervention' needs inputs that say which inputs are shown, and '{}' has "
          "none: set its option graph_inputs = true if it has one",
          environment.info().name));
    }
    if (variables > kMostVariables && options_.search == "expert_query") {
      throw UsageError(fmt::format(
          "search = \"expert_query\" tries every subset of the variables: at most {}, and '{}' has "
          "{}; use search = \"execution\"",
          kMostVariables, environment.info().name, variables));
    }
  }

  /// A minibatch whose rows are shown in part.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 3.0 * sizes.batch_rows * sizes.row;
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    for (const auto& environment : context.environments) check(*environment, context.training);
    // Sums over all rows know nothing of masks.
    RegimeContext by_rows = context;
    by_rows.linear_risks = false;
    Run run{by_rows, method, trainer, evaluator};
    Masked body(run, options_);
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
  }

 private:
  class Masked final : public PhaseBody {
   public:
    Masked(Run& run, const Options& options)
        : run_(&run),
          options_(&options),
          masks_(*run.context.environments.front()->interactive()),
          source_(run.context, train_domain_slots(), run.context.training.rows) {}

    void prepare(std::int64_t /*phase*/, std::int64_t steps) override { steps_ = steps; }

    void step(std::int64_t phase, std::int64_t step) override {
      measure_on_the_way(*run_, phase, step);
      const std::int64_t size = run_->context.training.batch;
      Batch batch = source_.batch(step, size);
      mask(batch, step);
      run_->method.step(run_->trainer, batch);
      UpdateCounts counts;
      counts.rows = batch.domains * batch.rows_per_domain;
      counts.new_labels = source_.reveal(step, size);
      // The search belongs to the last update: no place is saved between them, so a run that was
      // stopped in the search does both again.
      if (step + 1 == steps_) search(phase, counts);
      run_->evaluator.count_update(run_->trainer, counts);
    }
    void visit_state(StateVisitor& visit) override { source_.visit_state(visit); }

   private:
    /// Hides variables of each row at random.
    void mask(Batch& batch, std::int64_t step) const {
      const auto replicas = static_cast<std::int64_t>(run_->context.environments.size());
      const std::int64_t rows = batch.x.size(1);
      const std::int64_t variables = masks_.groups();
      Tensor shown = at::empty({replicas, rows, variables}, at::kFloat);
      float* next = shown.data_ptr<float>();
      for (const RandomKey& key : run_->context.order_keys) {
        const RandomStream stream(key.child("shown variables"));
        for (std::int64_t i = 0; i < rows; ++i) {
          for (std::int64_t g = 0; g < variables; ++g) {
            *next++ = stream.bernoulli(0.5, step * rows + i, g) ? 1.0F : 0.0F;
          }
        }
      }
      batch.x = batch.x * masks_.factors(shown);
    }

    void search(std::int64_t phase, UpdateCounts& counts) {
      ActingCosts costs(static_cast<std::int64_t>(run_->context.environments.size()));
      GraphSearch search(*run_, *options_, masks_, costs);
      const Tensor shown = search.find(counts.new_labels);
      counts.flops = costs.take_flops();
      run_->evaluator.mask_inputs(masks_.factors(shown));
      costs.record(*run_, phase);
      for (std::int64_t g = 0; g < masks_.groups(); ++g) {
        record_acting(*run_, phase,
                      core::stored_name(core::MetricId::shown_inputs, std::to_string(g)),
                      shown.select(1, g).to(at::kDouble));
      }
    }

    Run* run_;
    const Options* options_;
    GraphMasks masks_;
    RowSource source_;
    std::int64_t steps_ = 0;
  };

  Options options_;
};

}  // namespace

void register_graph_intervention(Catalog& catalog);
void register_graph_intervention(Catalog& catalog) {
  catalog.regimes.add<GraphIntervention>(
      "graph_intervention",
      "A policy conditioned on a causal graph, and the search for it by intervention.",
      "de Haan, Jayaraman & Levine 2019, arXiv:1905.11979");
}

}  // namespace spurion::regimes
