#include "acting/rollout.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::acting {

Rollout::Rollout(RolloutPlace place, std::int64_t lanes, std::int64_t first)
    : place_(std::move(place)),
      replicas_(static_cast<std::int64_t>(place_.worlds.size())),
      lanes_(lanes) {
  SPURION_CHECK(replicas_ > 0 && lanes_ > 0 && place_.domains.size() == place_.worlds.size(),
                "a rollout needs replicas, lanes, and a domain for each replica");
  for (std::int64_t k = 0; k < replicas_; ++k) {
    const InteractiveEnvironment* own = place_.worlds[static_cast<std::size_t>(k)];
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const Group& group) { return &world(group) == own; });
    if (found == groups_.end()) {
      groups_.push_back({{k}, {}});
    } else {
      found->replicas.push_back(k);
    }
  }
  for (Group& group : groups_) {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < group.replicas.size(); ++i) {
      for (std::int64_t b = 0; b < lanes_; ++b) numbers.push_back(first + b);
    }
    const EpisodePlace where = this->place(group);
    group.episodes = world(group).reset(where, numbers, place_.start);
  }
}

const InteractiveEnvironment& Rollout::world(const Group& group) const {
  return *place_.worlds[static_cast<std::size_t>(group.replicas.front())];
}

EpisodePlace Rollout::place(const Group& group) const {
  return {place_.domains[static_cast<std::size_t>(group.replicas.front())], place_.split};
}

void Rollout::scatter(const Group& group, const Tensor& from, Tensor& to) const {
  for (std::size_t i = 0; i < group.replicas.size(); ++i) {
    to.select(0, group.replicas[i])
        .copy_(from.narrow(0, static_cast<std::int64_t>(i) * lanes_, lanes_));
  }
}

Tensor Rollout::observe(const Intervention& intervention) const {
  Shape shape = place_.worlds.front()->info().input_shape;
  shape.insert(shape.begin(), {replicas_, lanes_});
  Tensor all = at::empty(shape, at::kFloat);
  for (const Group& group : groups_) {
    scatter(group, world(group).observe(place(group), group.episodes, intervention), all);
  }
  return all;
}

Tensor Rollout::act(ReferencePolicy policy) const {
  Tensor all = at::empty({replicas_, lanes_}, at::kLong);
  for (const Group& group : groups_) {
    scatter(group, at::tensor(world(group).act(policy, place(group), group.episodes), at::kLong),
            all);
  }
  return all;
}

Tensor Rollout::step(const Tensor& actions) {
  SPURION_CHECK(actions.dim() == 2 && actions.size(0) == replicas_ && actions.size(1) == lanes_ &&
                    actions.scalar_type() == at::kLong && actions.is_cpu(),
                "actions are int64 [K, B] in host memory");
  const Tensor dense = actions.contiguous();
  Tensor all = at::empty({replicas_, lanes_}, at::kFloat);
  std::vector<float> rewards;
  for (Group& group : groups_) {
    std::vector<std::int64_t> own;
    own.reserve(group.replicas.size() * static_cast<std::size_t>(lanes_));
    for (const std::int64_t k : group.replicas) {
      const auto* row = dense.data_ptr<std::int64_t>() + k * lanes_;
      own.insert(own.end(), row, row + lanes_);
    }
    const EpisodePlace where = place(group);
    world(group).step(where, own, group.episodes, rewards);
    scatter(group, at::tensor(rewards, at::kFloat), all);
  }
  return all;
}

void Rollout::restart(const Tensor& lanes) {
  SPURION_CHECK(lanes.dim() == 2 && lanes.size(0) == replicas_ && lanes.size(1) == lanes_ &&
                    lanes.scalar_type() == at::kBool && lanes.is_cpu(),
                "lanes are bool [K, B] in host memory");
  const Tensor dense = lanes.contiguous();
  for (Group& group : groups_) {
    std::vector<std::int64_t> over;
    std::vector<std::int64_t> next;
    for (std::int64_t i = 0; i < group.episodes.count(); ++i) {
      const std::int64_t replica = group.replicas[static_cast<std::size_t>(i / lanes_)];
      if (!dense.data_ptr<bool>()[replica * lanes_ + i % lanes_]) continue;
      over.push_back(i);
      next.push_back(group.episodes.number[static_cast<std::size_t>(i)] + lanes_);
    }
    if (over.empty()) continue;
    const EpisodePlace where = place(group);
    const Episodes fresh = world(group).reset(where, next, place_.start);
    for (std::size_t i = 0; i < over.size(); ++i) {
      group.episodes.put(over[i], fresh, static_cast<std::int64_t>(i));
    }
  }
}

bool Rollout::all_done() const {
  return std::all_of(groups_.begin(), groups_.end(),
                     [](const Group& group) { return group.episodes.all_done(); });
}

Tensor Rollout::flags(std::vector<std::uint8_t> Episodes::*which) const {
  Tensor all = at::empty({replicas_, lanes_}, at::kBool);
  for (const Group& group : groups_) {
    const std::vector<std::uint8_t>& own = group.episodes.*which;
    Tensor values = at::empty({group.episodes.count()}, at::kBool);
    for (std::size_t i = 0; i < own.size(); ++i) values.data_ptr<bool>()[i] = own[i] != 0;
    scatter(group, values, all);
  }
  return all;
}

Tensor Rollout::integers(std::vector<std::int64_t> Episodes::*which) const {
  Tensor all = at::empty({replicas_, lanes_}, at::kLong);
  for (const Group& group : groups_) {
    scatter(group, at::tensor(group.episodes.*which, at::kLong), all);
  }
  return all;
}

std::optional<ExactPredictive> Rollout::predictive() const {
  std::optional<ExactPredictive> all;
  for (const Group& group : groups_) {
    const std::optional<ExactPredictive> own =
        world(group).predictive(place(group), group.episodes);
    if (!own) return {};
    if (!all) {
      const std::int64_t actions = own->conditional.size(1);
      const auto empty = [&] { return at::empty({replicas_, lanes_, actions}, at::kDouble); };
      all.emplace(ExactPredictive{empty(), empty()});
      if (own->reward.defined()) all->reward = empty();
    }
    scatter(group, own->conditional, all->conditional);
    scatter(group, own->interventional, all->interventional);
    if (own->reward.defined()) scatter(group, own->reward, all->reward);
  }
  return all;
}

void Rollout::visit_state(StateVisitor& visit) {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    StateVisitor inside = visit.inside(fmt::format("group_{}", i));
    groups_[i].episodes.visit_state(inside);
  }
}

Domain own_domain(const Environment& environment, const Domain& domain) {
  switch (domain.kind) {
    case DomainKind::train:
      for (const Domain& candidate : environment.train_domains()) {
        if (candidate.key == domain.key) return candidate;
      }
      throw LogicError(
          fmt::format("{} has no train domain '{}'", environment.info().name, domain.name));
    case DomainKind::test:
      return environment.test_domain();
    case DomainKind::point:
      return domain.cue_shifts.empty() ? environment.at(domain.shift)
                                       : environment.at_cues(domain.cue_shifts);
  }
  throw LogicError("unknown kind of domain");
}

RolloutPlace rollout_place(const std::vector<const Environment*>& environments,
                           const Domain& domain, Split split) {
  RolloutPlace place;
  place.split = split;
  for (const Environment* environment : environments) {
    const InteractiveEnvironment* world = environment->interactive();
    if (world == nullptr) {
      throw UsageError(
          fmt::format("environment '{}' does not answer to actions", environment->info().name));
    }
    place.worlds.push_back(world);
    place.domains.push_back(own_domain(*environment, domain));
  }
  return place;
}

RolloutPlace rollout_place(const std::vector<std::shared_ptr<const Environment>>& environments,
                           const Domain& domain, Split split) {
  std::vector<const Environment*> each;
  for (const auto& environment : environments) each.push_back(environment.get());
  return rollout_place(each, domain, split);
}

}  // namespace spurion::acting
