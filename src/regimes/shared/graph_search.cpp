#include "regimes/shared/graph_search.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "acting/rollout.hpp"
#include "core/work_clock.hpp"
#include "regimes/shared/trained_policy.hpp"

namespace spurion::regimes {

namespace {

/// The strength of the ridge regression, as in the authors' code.
constexpr double kAlpha = 1.0;

/// One row for each mask of G variables: [2^G, G].
Tensor every_mask(std::int64_t variables) {
  Tensor masks = at::zeros({std::int64_t{1} << variables, variables});
  for (std::int64_t number = 0; number < masks.size(0); ++number) {
    for (std::int64_t g = 0; g < variables; ++g) {
      masks.data_ptr<float>()[number * variables + g] = (number >> g & 1) != 0 ? 1.0F : 0.0F;
    }
  }
  return masks;
}

}  // namespace

GraphSearch::GraphSearch(Run& run, const GraphSearchOptions& options, const GraphMasks& masks,
                         ActingCosts& costs)
    : run_(&run), options_(options), masks_(&masks), costs_(&costs) {}

void GraphSearch::count_step(const Tensor& open, std::int64_t passes) {
  const double flops = run_->trainer.model().forward_flops() * static_cast<double>(passes);
  const Tensor count = open.sum(1);
  for (std::int64_t k = 0; k < count.size(0); ++k) {
    const std::int64_t steps = count.data_ptr<std::int64_t>()[k];
    costs_->count_steps(k, steps);
    costs_->count_flops(k, static_cast<double>(steps) * flops);
  }
}

Tensor GraphSearch::draw(const Tensor& weights, double temperature, std::int64_t iteration) {
  Tensor shown = at::zeros(weights.sizes(), at::kFloat);
  for (std::int64_t k = 0; k < weights.size(0); ++k) {
    const RandomStream stream(
        run_->context.order_keys[static_cast<std::size_t>(k)].child("graph search"));
    for (std::int64_t g = 0; g < weights.size(1); ++g) {
      const std::int64_t at = k * weights.size(1) + g;
      const double chance = 1.0 / (1.0 + std::exp(-weights.data_ptr<double>()[at] / temperature));
      shown.data_ptr<float>()[at] = stream.bernoulli(chance, iteration, g) ? 1.0F : 0.0F;
    }
  }
  return shown;
}

Tensor GraphSearch::execute(const Tensor& shown, std::int64_t iteration) {
  const auto& environments = run_->context.environments;
  const std::vector<Domain> domains = environments.front()->train_domains();
  const Tensor factors = masks_->factors(shown).unsqueeze(1);
  Tensor mean = at::zeros({shown.size(0)}, at::kDouble);
  for (const Domain& domain : domains) {
    acting::RolloutPlace place = acting::rollout_place(environments, domain, Split::train);
    const double discount = place.worlds.front()->acting().discount;
    acting::Rollout rollout(std::move(place), options_.episodes, iteration * options_.episodes);
    const TrainedPolicy policy(*run_, "actions of the graph search " + domain.key);
    Tensor returns = at::zeros({rollout.replicas(), rollout.lanes()}, at::kDouble);
    for (double scale = 1.0; !rollout.all_done(); scale *= discount) {
      count_step(rollout.done().logical_not(), 1);
      const Tensor logits = policy.logits(rollout.observe() * factors);
      returns += scale * rollout.step(policy.actions(logits, rollout)).to(at::kDouble);
    }
    mean += returns.mean(1) / static_cast<double>(domains.size());
    for (std::int64_t k = 0; k < returns.size(0); ++k) {
      for (std::int64_t b = 0; b < returns.size(1); ++b) {
        costs_->count_return(k, returns.data_ptr<double>()[k * returns.size(1) + b]);
      }
    }
  }
  return mean;
}

Tensor GraphSearch::take(const std::vector<Tensor>& actions, const acting::Rollout& rollout,
                         std::uint64_t slot) const {
  Tensor taken = actions.front().clone();
  const Tensor numbers = rollout.numbers();
  const Tensor steps = rollout.steps();
  for (std::int64_t k = 0; k < taken.size(0); ++k) {
    const RandomStream stream(
        run_->context.order_keys[static_cast<std::size_t>(k)].child("mask of a step").child(slot));
    for (std::int64_t b = 0; b < taken.size(1); ++b) {
      const std::int64_t at = k * taken.size(1) + b;
      const std::int64_t mask =
          stream.below(static_cast<std::int64_t>(actions.size()),
                       numbers.data_ptr<std::int64_t>()[at], steps.data_ptr<std::int64_t>()[at]);
      taken.data_ptr<std::int64_t>()[at] =
          actions[static_cast<std::size_t>(mask)].data_ptr<std::int64_t>()[at];
    }
  }
  return taken;
}

GraphSearch::Asked GraphSearch::ask(std::vector<std::int64_t>& labels) {
  const auto& environments = run_->context.environments;
  const Tensor masks = every_mask(masks_->groups());
  const Tensor factors = masks_->factors(masks);
  std::vector<Moment> moments;
  std::vector<std::vector<Candidate>> candidates(environments.size());
  std::uint64_t slot = 0;
  for (const Domain& domain : environments.front()->train_domains()) {
    acting::Rollout rollout(acting::rollout_place(environments, domain, Split::train),
                            options_.episodes);
    const TrainedPolicy policy(*run_, "actions of the graph search " + domain.key);
    while (!rollout.all_done()) {
      Moment moment{rollout.observe(),
                    rollout.act(ReferencePolicy::expert),
                    {},
                    rollout.done().logical_not()};
      count_step(moment.open, masks.size(0));
      // The mean divergence from the mixture is its entropy minus the mean entropy.
      Tensor mixture;
      Tensor entropy;
      std::vector<Tensor> actions;
      for (std::int64_t m = 0; m < masks.size(0); ++m) {
        const Tensor logits = policy.logits(moment.inputs * factors[m]);
        const Tensor log = logits.to(at::kDouble).log_softmax(2);
        const Tensor own = -(log.exp() * log).sum(2);
        mixture = mixture.defined() ? mixture + log.exp() : log.exp();
        entropy = entropy.defined() ? entropy + own : own;
        actions.push_back(policy.actions(logits, rollout));
      }
      const auto count = static_cast<double>(masks.size(0));
      mixture = mixture / count;
      moment.disagreement = -at::xlogy(mixture, mixture).sum(2) - entropy / count;
      const Tensor taken = take(actions, rollout, slot);
      for (std::int64_t k = 0; k < taken.size(0); ++k) {
        for (std::int64_t b = 0; b < taken.size(1); ++b) {
          if (!moment.open[k][b].item<bool>()) continue;
          candidates[static_cast<std::size_t>(k)].push_back(
              {moment.disagreement[k][b].item<double>(), moments.size(), b});
        }
      }
      moments.push_back(std::move(moment));
      rollout.step(taken);
    }
    ++slot;
  }
  return pick(moments, candidates, labels);
}

GraphSearch::Asked GraphSearch::pick(const std::vector<Moment>& moments,
                                     std::vector<std::vector<Candidate>>& candidates,
                                     std::vector<std::int64_t>& labels) {
  const auto& environments = run_->context.environments;
  Shape shape = environments.front()->info().input_shape;
  const auto replicas = static_cast<std::int64_t>(environments.size());
  shape.insert(shape.begin(), {replicas, options_.queries});
  Asked asked{at::zeros(shape), at::zeros({replicas, options_.queries}, at::kLong),
              at::zeros({replicas, options_.queries}, at::kDouble)};
  for (std::int64_t k = 0; k < replicas; ++k) {
    std::vector<Candidate>& own = candidates[static_cast<std::size_t>(k)];
    std::stable_sort(own.begin(), own.end(), [](const Candidate& a, const Candidate& b) {
      return a.disagreement > b.disagreement;
    });
    const auto count = std::min(options_.queries, static_cast<std::int64_t>(own.size()));
    for (std::int64_t i = 0; i < count; ++i) {
      const Candidate& one = own[static_cast<std::size_t>(i)];
      asked.inputs[k][i].copy_(moments[one.moment].inputs[k][one.lane]);
      asked.answers[k][i].copy_(moments[one.moment].answers[k][one.lane]);
      asked.weight[k][i].fill_(1.0 / static_cast<double>(count));
    }
    costs_->count_queries(k, count);
    labels[static_cast<std::size_t>(k)] += count;
  }
  return asked;
}

Tensor GraphSearch::loss(const Asked& asked, const Tensor& shown) const {
  const TrainedPolicy policy(*run_, "");
  const Tensor logits = policy.logits(asked.inputs * masks_->factors(shown).unsqueeze(1));
  const Tensor log = logits.to(at::kDouble).log_softmax(2);
  return -(log.gather(2, asked.answers.unsqueeze(2)).squeeze(2) * asked.weight).sum(1);
}

Tensor GraphSearch::find(std::vector<std::int64_t>& labels) {
  const core::ActivityScope scope(core::Activity::data);
  const at::NoGradGuard no_grad;
  const bool executes = options_.search == "execution";
  const auto replicas = static_cast<std::int64_t>(run_->context.environments.size());
  Tensor weights = at::zeros({replicas, masks_->groups()}, at::kDouble);
  std::vector<Tensor> masks;   // [K, G] of each iteration
  std::vector<Tensor> values;  // [K]
  Asked asked;
  if (!executes) asked = ask(labels);
  for (std::int64_t iteration = 0; iteration < options_.iterations; ++iteration) {
    const Tensor shown = draw(weights, executes ? options_.temperature : 1.0, iteration);
    masks.push_back(shown);
    values.push_back(executes ? execute(shown, iteration) : -loss(asked, shown));
    const Tensor all_masks = at::stack(masks, 1);
    const Tensor all_values = at::stack(values, 1);
    for (std::int64_t k = 0; k < replicas; ++k) {
      weights[k].copy_(ridge_weights(all_masks[k], all_values[k], kAlpha));
    }
  }
  return weights.gt(0.0).to(at::kFloat);
}

}  // namespace spurion::regimes
