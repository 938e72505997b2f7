#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "acting/reference_returns.hpp"
#include "conformance/environment_checks.hpp"
#include "conformance/tensors.hpp"
#include "nouns/default_twin.hpp"
#include "spurion/interactive.hpp"

namespace spurion::conformance {

namespace {

constexpr ReferencePolicy kPolicies[] = {ReferencePolicy::optimal, ReferencePolicy::expert,
                                         ReferencePolicy::cue, ReferencePolicy::random};
/// Steps that are compared bit by bit.
constexpr std::int64_t kSteps = 24;

void require_same_episodes(const std::string& what, const Episodes& a, const Episodes& b) {
  require(a.number == b.number && a.step == b.step && a.last_action == b.last_action &&
              a.state == b.state && a.done == b.done && a.goal == b.goal && a.proxy == b.proxy,
          what + " is another episode");
}

void check_acting_facts(const InteractiveEnvironment& world) {
  const InteractiveInfo& facts = world.acting();
  require(
      world.info().task == Task::multiclass &&
          static_cast<std::int64_t>(facts.actions.size()) == world.info().outputs,
      fmt::format("{} actions do not fit {} outputs", facts.actions.size(), world.info().outputs));
  require(!facts.state.empty(), "the numbers of the state have no names");
  require(facts.horizon >= 1, fmt::format("its horizon is {}", facts.horizon));
  require(facts.discount > 0.0 && facts.discount <= 1.0,
          fmt::format("its discount is {}, expected (0, 1]", facts.discount));
  require(facts.demonstration_steps >= 0 && facts.demonstration_steps <= facts.horizon,
          fmt::format("its demonstrations have {} steps, its horizon is {}",
                      facts.demonstration_steps, facts.horizon));
  require(facts.evaluation_episodes >= 1, "an evaluation has no episode");
  require(!facts.reward.empty() && !facts.goal.empty() && !facts.proxy.empty(),
          "it does not say what is rewarded, what the goal is, or what the proxy is");
  const std::int64_t inputs = element_count(world.info().input_shape);
  for (const auto& group : facts.graph_inputs) {
    for (const std::int64_t input : group) {
      require(input >= 0 && 2 * input < inputs,
              fmt::format("input {} of a group is not in the first half of the inputs", input));
    }
  }
}

/// Episodes alone and among others, at once and again, are the same to the bit.
void check_addressable(const EnvironmentSubject& subject, const Domain& domain) {
  const InteractiveEnvironment& world = *(*subject).interactive();
  const auto same_seed = subject.make(kDataSeed);
  const EpisodePlace place{domain, Split::test};
  Episodes many = world.reset(place, {3, 5, 9});
  Episodes one = same_seed->interactive()->reset(place, {5});
  Episodes again;
  std::vector<float> rewards;
  std::vector<float> own;
  for (std::int64_t t = 0; t < std::min(kSteps, world.acting().horizon); ++t) {
    const std::string what = fmt::format("episode 5 of '{}' at step {}, alone,", domain.name, t);
    require_same_episodes(what, many.select({1}), one);
    require_same_bits(what + " as it is seen", world.observe(place, many).narrow(0, 1, 1),
                      world.observe(place, one));
    const auto actions = world.act(ReferencePolicy::random, place, many);
    if (t == 0) again = many;
    world.step(place, actions, many, rewards);
    world.step(place, {actions[1]}, one, own);
    require(rewards[1] == own[0], what + " has another reward");
    if (t > 0) continue;
    std::vector<float> repeated;
    world.step(place, actions, again, repeated);
    require_same_episodes("a copy that takes the same action", many, again);
    require(repeated == rewards, "a copy that takes the same action has another reward");
  }
}

void check_ends(const InteractiveEnvironment& world, const Domain& domain) {
  const EpisodePlace place{domain, Split::test};
  Episodes episodes = world.reset(place, {0, 1, 2, 3, 4, 5, 6, 7});
  std::vector<float> rewards;
  for (std::int64_t t = 0; t < world.acting().horizon; ++t) {
    const Episodes before = episodes;
    world.step(place, world.act(ReferencePolicy::random, place, episodes), episodes, rewards);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      require(std::isfinite(rewards[at]), "a reward is not finite");
      if (before.done[at] == 0) continue;
      require(rewards[at] == 0.0F, "an episode that is over still has rewards");
      require_same_episodes("an episode that is over, one step later,", before.select({i}),
                            episodes.select({i}));
    }
  }
  require(episodes.all_done(),
          fmt::format("episodes go on after {} steps", world.acting().horizon));
  require_refused("an action that does not exist", [&] {
    Episodes fresh = world.reset(place, {0});
    world.step(place, {world.info().outputs}, fresh, rewards);
    return 0;
  });
  require_refused("a negative episode", [&] { return world.reset(place, {-1}).count(); });
}

void check_archived(const InteractiveEnvironment& world, const Domain& domain) {
  const EpisodePlace place{domain, Split::train};
  Episodes episodes = world.reset(place, {0, 1, 2});
  std::vector<float> rewards;
  world.step(place, world.act(ReferencePolicy::random, place, episodes), episodes, rewards);
  Archive archive;
  StateVisitor saver = StateVisitor::saver(archive);
  episodes.visit_state(saver);
  Episodes restored;
  StateVisitor loader = StateVisitor::loader(archive);
  restored.visit_state(loader);
  require_same_episodes("a restored episode", episodes, restored);
}

/// A twin of what is seen changes the state of nothing, and is not what was seen.
void check_seen_twins(const InteractiveEnvironment& world, const Domain& domain) {
  const Intervention twin = nouns::default_twin(world, world.info().cue);
  if (twin.kind == Intervention::Kind::none) skip("it has no twin of its cue");
  const EpisodePlace place{domain, Split::test};
  std::vector<std::int64_t> numbers(32);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  Episodes episodes = world.reset(place, numbers);
  std::vector<float> rewards;
  bool differed = false;
  for (std::int64_t t = 0; t < std::min(kSteps, world.acting().horizon); ++t) {
    const Episodes before = episodes;
    const Tensor seen = world.observe(place, episodes);
    const Tensor changed = world.observe(place, episodes, twin);
    require_same_episodes("an episode that was only looked at", before, episodes);
    require_same_bits("a twin that is looked at again", changed,
                      world.observe(place, episodes, twin));
    differed = differed || !same_bits(seen, changed);
    world.step(place, world.act(ReferencePolicy::expert, place, episodes), episodes, rewards);
  }
  require(differed, twin.text() + " changes nothing that is seen");
}

/// The stated returns agree with a simulation, within 5 standard errors and what is stated; none is
/// above the optimum.
void check_references(const InteractiveEnvironment& world, const Domain& domain) {
  constexpr std::int64_t kEpisodes = 2000;
  const ReferenceReturns stated = world.references(domain);
  for (const ReferencePolicy policy : kPolicies) {
    const Ceiling& known = policy == ReferencePolicy::optimal  ? stated.optimal
                           : policy == ReferencePolicy::expert ? stated.expert
                           : policy == ReferencePolicy::cue    ? stated.cue
                                                               : stated.random;
    const char* name = reference_policy_name(policy);
    require(std::isfinite(known.value) && known.error_bound >= 0.0,
            fmt::format("the return of the {} policy in '{}' is {} with an error of {}", name,
                        domain.name, known.value, known.error_bound));
    const Ceiling found = acting::simulated_return(world, domain, policy, kEpisodes);
    require(std::abs(found.value - known.value) <= found.error_bound + known.error_bound + 1e-6,
            fmt::format("the return of the {} policy in '{}' is stated as {} with an error of {}; "
                        "{} episodes gave {} with an error of {}",
                        name, domain.name, known.value, known.error_bound, kEpisodes, found.value,
                        found.error_bound));
    require(
        known.value <= stated.optimal.value + stated.optimal.error_bound + known.error_bound + 1e-9,
        fmt::format("the {} policy is better than the optimal one in '{}'", name, domain.name));
  }
}

void check_predictive(const InteractiveEnvironment& world, const Domain& domain) {
  const EpisodePlace place{domain, Split::test};
  Episodes episodes = world.reset(place, {0, 1, 2, 3});
  std::vector<float> rewards;
  for (std::int64_t t = 0; t < std::min(kSteps, world.acting().horizon); ++t) {
    const std::optional<ExactPredictive> known = world.predictive(place, episodes);
    if (!known) skip("it is not about beliefs");
    for (const Tensor& one : {known->conditional, known->interventional}) {
      require(one.scalar_type() == at::kDouble && one.dim() == 2 &&
                  one.size(0) == episodes.count() && one.size(1) == world.info().outputs,
              "an exact predictive is no float64 [N, A]");
      require(
          one.ge(0.0).all().item<bool>() && one.sum(1).sub(1.0).abs().max().item<double>() < 1e-9,
          "an exact predictive is no distribution");
    }
    if (const Tensor& reward = known->reward; reward.defined()) {
      require(reward.scalar_type() == at::kDouble && reward.sizes() == known->conditional.sizes() &&
                  at::isfinite(reward).all().item<bool>(),
              "the expected rewards are no finite float64 [N, A]");
    }
    world.step(place, world.act(ReferencePolicy::random, place, episodes), episodes, rewards);
  }
}

}  // namespace

void check_interactive(Checker& checker, const EnvironmentSubject& subject) {
  const InteractiveEnvironment* world = (*subject).interactive();
  if (world == nullptr) return;
  const std::vector<Domain> domains = {(*subject).train_domains().front(),
                                       (*subject).test_domain()};
  const auto in_both = [&](const auto& check) {
    for (const Domain& domain : domains) check(*world, domain);
  };
  checker.check("acting: facts", [&] { check_acting_facts(*world); });
  checker.check("acting: episodes are addressable", [&] {
    for (const Domain& domain : domains) check_addressable(subject, domain);
  });
  checker.check("acting: episodes end and stay as they are", [&] { in_both(check_ends); });
  checker.check("acting: episodes can be saved", [&] { in_both(check_archived); });
  checker.check("acting: twins of what is seen", [&] { in_both(check_seen_twins); });
  checker.check("acting: returns of the reference policies", [&] { in_both(check_references); });
  checker.check("acting: exact predictives", [&] { in_both(check_predictive); });
}

}  // namespace spurion::conformance
