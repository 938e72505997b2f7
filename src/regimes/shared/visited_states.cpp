#include "regimes/shared/visited_states.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/work_clock.hpp"
#include "regimes/shared/trained_policy.hpp"

namespace spurion::regimes {

namespace {

/// Episodes that ran side by side, step by step.
struct Wave {
  std::vector<Tensor> inputs;   ///< float32 [K, B, ...] at each step
  std::vector<Tensor> answers;  ///< int64 [K, B]: what the expert would do
  std::vector<Tensor> open;     ///< bool [K, B]: the episode was not over
  Tensor returns;               ///< float64 [K, B]
};

/// A state of a replica: where it is in the waves.
struct Place {
  std::size_t wave = 0;
  std::size_t step = 0;
  std::int64_t lane = 0;
};

/// Lets the trained policy act in one domain, number `domain`.
class Visit {
 public:
  Visit(Run& run, const VisitOptions& options, std::int64_t domain)
      : run_(&run),
        options_(options),
        domain_(static_cast<std::uint64_t>(domain)),
        policy_(run, "own actions") {}

  /// One wave of episodes from number `first` on.
  Wave act(std::int64_t first) {
    const auto& environments = run_->context.environments;
    const Domain where = environments.front()->train_domains()[static_cast<std::size_t>(domain_)];
    acting::RolloutPlace place = acting::rollout_place(environments, where, Split::train);
    const double discount = place.worlds.front()->acting().discount;
    acting::Rollout rollout(std::move(place), options_.episodes, first);
    Wave wave;
    wave.returns = at::zeros({rollout.replicas(), rollout.lanes()}, at::kDouble);
    for (double scale = 1.0; !rollout.all_done(); scale *= discount) {
      wave.inputs.push_back(rollout.observe());
      wave.answers.push_back(rollout.act(ReferencePolicy::expert));
      wave.open.push_back(rollout.done().logical_not());
      Tensor actions = policy_.actions(policy_.logits(wave.inputs.back()), rollout);
      if (options_.expert_share > 0.0) mix(actions, wave.answers.back(), rollout);
      wave.returns += scale * rollout.step(actions).to(at::kDouble);
    }
    return wave;
  }

  [[nodiscard]] double flops() const { return policy_.flops(); }

 private:
  /// Replaces a share of the actions by those of the expert.
  void mix(Tensor& actions, const Tensor& answers, const acting::Rollout& rollout) const {
    const Tensor numbers = rollout.numbers();
    const Tensor steps = rollout.steps();
    for (std::int64_t k = 0; k < actions.size(0); ++k) {
      const RandomStream coin(run_->context.order_keys[static_cast<std::size_t>(k)]
                                  .child("expert acts")
                                  .child(domain_));
      for (std::int64_t b = 0; b < actions.size(1); ++b) {
        const std::int64_t at = k * actions.size(1) + b;
        if (!coin.bernoulli(options_.expert_share, numbers.data_ptr<std::int64_t>()[at],
                            steps.data_ptr<std::int64_t>()[at])) {
          continue;
        }
        actions.data_ptr<std::int64_t>()[at] = answers.data_ptr<std::int64_t>()[at];
      }
    }
  }

  Run* run_;
  VisitOptions options_;
  std::uint64_t domain_;
  TrainedPolicy policy_;
};

/// What a visit costs: where it is counted, and the operations of a pass for one state.
struct VisitCosts {
  ActingCosts& counted;
  double flops;
};

/// Adds the states of wave `number` that a replica visited, and counts what they cost.
void note(const std::vector<Wave>& waves, std::size_t number, std::int64_t replica,
          std::vector<Place>& places, const VisitCosts& costs) {
  const Wave& wave = waves[number];
  const std::int64_t lanes = wave.returns.size(1);
  std::int64_t visited = 0;
  for (std::size_t step = 0; step < wave.open.size(); ++step) {
    const bool* open = wave.open[step].data_ptr<bool>() + replica * lanes;
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      if (!open[lane]) continue;
      places.push_back({number, step, lane});
      ++visited;
    }
  }
  costs.counted.count_steps(replica, visited);
  costs.counted.count_flops(replica, static_cast<double>(visited) * costs.flops);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    costs.counted.count_return(replica, wave.returns.data_ptr<double>()[replica * lanes + lane]);
  }
}

/// Copies the chosen states of a replica into a slot: inputs [n, ...] and labels [n].
void copy_states(const std::vector<Wave>& waves, const std::vector<Place>& chosen,
                 std::int64_t replica, const Tensor& x, const Tensor& y) {
  const std::int64_t lanes = waves.front().returns.size(1);
  const std::int64_t each = x.numel() / x.size(0);
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const Place& place = chosen[static_cast<std::size_t>(i)];
    const Wave& wave = waves[place.wave];
    const std::int64_t from = replica * lanes + place.lane;
    std::memcpy(x.data_ptr<float>() + i * each,
                wave.inputs[place.step].data_ptr<float>() + from * each,
                static_cast<std::size_t>(each) * sizeof(float));
    y.data_ptr<std::int64_t>()[i] = wave.answers[place.step].data_ptr<std::int64_t>()[from];
  }
}

}  // namespace

SlotRows visit_and_label(Run& run, const VisitOptions& options, ActingCosts& costs) {
  const core::ActivityScope scope(core::Activity::data);
  const auto& environments = run.context.environments;
  const auto replicas = static_cast<std::int64_t>(environments.size());
  const auto domains = static_cast<std::int64_t>(environments.front()->train_domains().size());
  Shape shape = environments.front()->info().input_shape;
  shape.insert(shape.begin(), {replicas, domains, options.labels});
  SlotRows rows{at::empty(shape, at::kFloat),
                at::empty({replicas, domains, options.labels}, at::kLong)};
  for (std::int64_t domain = 0; domain < domains; ++domain) {
    Visit visit(run, options, domain);
    std::vector<Wave> waves;
    std::vector<std::vector<Place>> places(static_cast<std::size_t>(replicas));
    const auto enough = [&](const std::vector<Place>& own) {
      return static_cast<std::int64_t>(own.size()) >= options.labels;
    };
    // A wave visits a state at least, so no round needs more waves than labels. A replica uses the
    // waves that it would need alone.
    while (!std::all_of(places.begin(), places.end(), enough)) {
      const auto number = static_cast<std::int64_t>(waves.size());
      waves.push_back(visit.act((options.round * options.labels + number) * options.episodes));
      for (std::int64_t k = 0; k < replicas; ++k) {
        std::vector<Place>& own = places[static_cast<std::size_t>(k)];
        if (!enough(own)) {
          note(waves, waves.size() - 1, k, own, {costs, visit.flops()});
        }
      }
    }
    for (std::int64_t k = 0; k < replicas; ++k) {
      const std::vector<Place>& own = places[static_cast<std::size_t>(k)];
      const RandomKey key = run.context.order_keys[static_cast<std::size_t>(k)]
                                .child("asked states")
                                .child(static_cast<std::uint64_t>(options.round))
                                .child(static_cast<std::uint64_t>(domain));
      std::vector<Place> chosen;
      for (const std::int64_t i : permutation(key, static_cast<std::int64_t>(own.size()))) {
        chosen.push_back(own[static_cast<std::size_t>(i)]);
      }
      copy_states(waves, chosen, k, rows.x[k][domain], rows.y[k][domain]);
      costs.count_queries(k, options.labels);
    }
  }
  return rows;
}

}  // namespace spurion::regimes
