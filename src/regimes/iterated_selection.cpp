#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/measurement_names.hpp"
#include "regimes/shared/fixed_training.hpp"
#include "regimes/shared/selection_nats.hpp"
#include "regimes/shared/stream_loop.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct IteratedSelectionOptions {
  std::int64_t candidates = 8;
  std::int64_t survivors = 2;
  std::int64_t rounds = 4;
  double mutation = 0.1;
  std::string fitness = "loss";
  double loss_weight = 0.0;
};

/// A population of models, of which those that a probe likes are kept, changed and trained on.
///
/// In each of R rounds, n candidates are trained for `training.steps` / R updates. The s candidates
/// with the least fitness survive. In the first round candidates start from weights of their own;
/// later candidate i starts from survivor i mod s plus normal noise, whose standard deviation is
/// `mutation` times the root mean square of the weights of the same block. Each candidate begins
/// with a new optimiser, and a schedule of its own; what a method keeps beside the model goes on
/// from candidate to candidate.
///
/// One more lineage, the reference, is trained as often and never selected nor mutated: the twin
/// without pressure. It is measured at the end of each of its rounds, with 0 rounds of selection
/// and 0 nats. After each round the best survivor is measured, with its distance from the
/// reference, so that the measurement before is of a model with as many updates and no pressure.
/// `evaluation.every` has no effect. A trial makes (n + 1) R (`training.steps` / R) updates, all of
/// which are counted.
///
/// All of it happens inside a trial, so trials stay independent, and several train together.
class IteratedSelection final : public Regime {
 public:
  using Options = IteratedSelectionOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("candidates", &O::candidates, "Candidates n of each round.", between(2, 256))
            .field("survivors", &O::survivors,
                   "Candidates that survive a round, at most as many as there are.",
                   between(1, 256))
            .field("rounds", &O::rounds,
                   "Rounds R of selection. Each candidate gets training.steps / R updates in a "
                   "round.",
                   between(1, 1000))
            .field("mutation", &O::mutation,
                   "Standard deviation of the noise on the weights of offspring, as a multiple of "
                   "their root mean square in each block.",
                   at_least(0), log_uniform(1e-2, 1.0))
            .field("fitness", &O::fitness,
                   "What the survivors have least of: the label of one of evaluation.probes (mean "
                   "over cues, on validation rows), or loss, the mean training loss of the round.")
            .field("loss_weight", &O::loss_weight,
                   "What the mean training loss of the round is weighted with beside the probe.",
                   at_least(0));
    return schema;
  }
  explicit IteratedSelection(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.cue_inputs = true;
    return access;
  }

  [[nodiscard]] std::vector<std::string> probes() const override {
    if (options_.fitness == "loss") return {};
    return {options_.fitness};
  }

  [[nodiscard]] std::int64_t updates(const Environment& /*environment*/,
                                     std::int64_t steps) const override {
    return (options_.candidates + 1) * options_.rounds * (steps / options_.rounds);
  }

  void check(const Environment& /*environment*/, const TrainingOptions& training) const override {
    if (options_.survivors > options_.candidates) {
      throw UsageError(fmt::format("iterated_selection keeps {} survivors of {} candidates",
                                   options_.survivors, options_.candidates));
    }
    if (training.steps < options_.rounds) {
      throw UsageError(
          fmt::format("iterated_selection has {} rounds, but training.steps = {} gives each "
                      "candidate no update in a round",
                      options_.rounds, training.steps));
    }
  }

  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return static_cast<double>(options_.candidates + options_.survivors + 2) * sizes.parameters;
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    Population body(run, options_);
    run_phases(
        run, 1,
        [&](std::int64_t) {
          return updates(*context.environments.front(), context.training.steps);
        },
        body);
  }

 private:
  class Population final : public PhaseBody {
   public:
    Population(Run& run, const Options& options)
        : run_(&run),
          options_(options),
          each_(run.context.training.steps / options.rounds),
          source_(run.context, train_domain_slots(), run.context.training.rows),
          reference_(run.trainer.parameters().detach().clone()) {}

    void prepare(std::int64_t /*phase*/, std::int64_t /*steps*/) override {}
    void step(std::int64_t /*phase*/, std::int64_t step) override {
      const std::int64_t slots = options_.candidates + 1;
      const std::int64_t round = step / each_ / slots;
      const std::int64_t slot = step / each_ % slots;  // 0: the reference
      if (step % each_ == 0) begin(round, slot);
      train_step(*run_, source_, step);
      loss_ += run_->trainer.last_losses().to(at::kCPU, at::kDouble);
      if ((step + 1) % each_ != 0) return;
      if (slot == 0) {
        reference_ = run_->trainer.parameters().detach().clone();
        measure_reference();
        return;
      }
      add_candidate();
      if (slot == options_.candidates) select(round);
    }
    void visit_state(StateVisitor& visit) override {
      StateVisitor rows = visit.inside("rows");
      source_.visit_state(rows);
      StateVisitor there = visit.on(run_->trainer.device());
      there("reference", reference_);
      there("candidates", candidates_);
      there("survivors", survivors_);
      visit("fitness", fitness_);
      visit("loss", loss_);
    }

   private:
    /// The trainer gets the weights from which a slot goes on.
    void begin(std::int64_t round, std::int64_t slot) {
      const Tensor all = at::ones({run_->trainer.replicas()}, at::kBool);
      run_->trainer.restart(all, slot == 0    ? reference_
                                 : round == 0 ? run_->trainer.fresh_parameters(keys(0, slot))
                                              : offspring(round, slot));
      run_->trainer.optimizer().begin_schedule(each_);
      loss_ = at::zeros({run_->trainer.replicas()}, at::kDouble);
    }
    [[nodiscard]] std::vector<RandomKey> keys(std::int64_t round, std::int64_t slot) const {
      std::vector<RandomKey> out;
      for (const RandomKey& key : run_->context.order_keys) {
        out.push_back(key.child("candidate")
                          .child(static_cast<std::uint64_t>(round))
                          .child(static_cast<std::uint64_t>(slot)));
      }
      return out;
    }
    /// Weights of a survivor with noise.
    [[nodiscard]] Tensor offspring(std::int64_t round, std::int64_t slot) const {
      const auto parent = static_cast<std::size_t>((slot - 1) % options_.survivors);
      Tensor weights = survivors_[parent].to(at::kCPU).contiguous().clone();
      const std::vector<RandomKey> own = keys(round, slot);
      for (std::int64_t k = 0; k < weights.size(0); ++k) {
        const RandomStream noise(own[static_cast<std::size_t>(k)]);
        for (const ParameterBlock& block : run_->trainer.model().layout()) {
          if (block.role != BlockRole::weights) continue;
          Tensor part = weights[k].narrow(0, block.offset, element_count(block.shape));
          mutate(part, noise, block.offset);
        }
      }
      return weights;
    }
    /// Adds noise to contiguous numbers, the first of which is number `first` of the weights.
    void mutate(Tensor& part, const RandomStream& noise, std::int64_t first) const {
      auto* values = part.data_ptr<float>();
      double squares = 0.0;
      for (std::int64_t i = 0; i < part.numel(); ++i) {
        squares += static_cast<double>(values[i]) * values[i];
      }
      const double scale =
          options_.mutation * std::sqrt(squares / static_cast<double>(part.numel()));
      for (std::int64_t i = 0; i < part.numel(); ++i) {
        values[i] = static_cast<float>(values[i] + scale * noise.normal(first + i));
      }
    }
    void add_candidate() {
      const Tensor loss = loss_ / static_cast<double>(each_);
      Tensor fitness = loss;
      if (options_.fitness != "loss") {
        fitness = run_->evaluator.probe_reliance(run_->trainer, options_.fitness).to(at::kCPU) +
                  options_.loss_weight * loss;
      }
      candidates_.push_back(run_->trainer.parameters().detach().clone());
      fitness_.push_back(fitness.contiguous());
    }
    /// The candidates of a replica, the fittest first. Of equal ones the earlier; those whose
    /// fitness is not a number come last.
    [[nodiscard]] std::vector<std::size_t> ranked(std::int64_t replica) const {
      std::vector<std::size_t> order(candidates_.size());
      std::vector<double> values(candidates_.size());
      for (std::size_t c = 0; c < order.size(); ++c) {
        order[c] = c;
        const double value = fitness_[c].data_ptr<double>()[replica];
        values[c] = std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
      }
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
      return order;
    }
    void select(std::int64_t round) {
      const std::int64_t replicas = run_->trainer.replicas();
      survivors_.assign(static_cast<std::size_t>(options_.survivors), Tensor());
      for (Tensor& one : survivors_) one = at::empty_like(candidates_.front());
      Tensor best = at::empty({replicas}, at::kDouble);
      for (std::int64_t k = 0; k < replicas; ++k) {
        const std::vector<std::size_t> order = ranked(k);
        for (std::size_t s = 0; s < survivors_.size(); ++s) {
          survivors_[s][k].copy_(candidates_[order[s]][k]);
        }
        best[k] = fitness_[order.front()][k];
      }
      candidates_.clear();
      fitness_.clear();
      run_->trainer.set_parameters(survivors_.front());
      const std::int64_t n = options_.candidates;
      const double nats =
          static_cast<double>(round) * selection_nats(n, options_.survivors) + selection_nats(n, 1);
      record(round + 1, nats, best);
      run_->evaluator.set_reference(ReferenceModel{reference_});
      // What is there after the last round is measured as the result.
      if (round + 1 < options_.rounds) {
        run_->evaluator.measure(run_->trainer, 0, EvaluationScope::domains);
      }
    }
    void measure_reference() {
      record(0, 0.0, at::full({run_->trainer.replicas()}, std::nan(""), at::kDouble));
      run_->evaluator.set_reference(ReferenceModel{reference_});
      run_->evaluator.measure(run_->trainer, 0, EvaluationScope::domains);
    }
    void record(std::int64_t rounds, double nats, const Tensor& fitness) const {
      using Id = core::MetricId;
      Domain domain;
      domain.name = core::stored_domain(core::MeasuredIn::selection);
      const auto put = [&](Id id, const Tensor& values) {
        run_->evaluator.record(run_->trainer, 0, domain, core::stored_name(id), values);
      };
      const Shape shape = {run_->trainer.replicas()};
      put(Id::generation, at::full(shape, static_cast<double>(rounds), at::kDouble));
      put(Id::selection_nats, at::full(shape, nats, at::kDouble));
      put(Id::fitness, fitness);
    }

    Run* run_;
    Options options_;
    std::int64_t each_;  // updates of a candidate in a round
    RowSource source_;
    Tensor reference_;                // [K, P]
    std::vector<Tensor> candidates_;  // [K, P] each, of this round so far
    std::vector<Tensor> fitness_;     // float64 [K] each
    std::vector<Tensor> survivors_;   // [K, P] each, of the last round, the fittest first
    Tensor loss_;                     // float64 [K]: sum over the updates of this candidate
  };

  Options options_;
};

}  // namespace

void register_iterated_selection(Catalog& catalog);
void register_iterated_selection(Catalog& catalog) {
  catalog.regimes.add<IteratedSelection>(
      "iterated_selection",
      "A population of models: those that a probe likes survive, are changed and trained on.",
      "after Salimans et al. 2017, arXiv:1703.03864 (evolution strategies)");
}

}  // namespace spurion::regimes
