#include <fmt/format.h>

#include "cli/text.hpp"
#include "cli/training/description.hpp"
#include "spurion/interactive.hpp"

namespace spurion::cli {

namespace {

Json returns_in(const InteractiveEnvironment& world, const Domain& domain) {
  const ReferenceReturns known = world.references(domain);
  return {{"domain", domain.name},
          {"shift", domain.shift},
          {"optimal", ceiling_of(known.optimal)},
          {"expert", ceiling_of(known.expert)},
          {"cue", ceiling_of(known.cue)},
          {"random", ceiling_of(known.random)}};
}

/// "-119.4 ±0.2", without a bound that is not seen.
std::string return_text(const Json& known) {
  const double bound = known.at("error_bound");
  const std::string value = fmt::format("{:.4g}", known.at("value").get<double>());
  return bound < 5e-5 ? value : fmt::format("{} \u00b1{:.2g}", value, bound);
}

}  // namespace

void describe_acting(const Environment& environment, Json& out) {
  const InteractiveEnvironment* world = environment.interactive();
  if (world == nullptr) return;
  const InteractiveInfo& facts = world->acting();
  Json acting = {{"actions", facts.actions},
                 {"state", facts.state},
                 {"horizon", facts.horizon},
                 {"discount", facts.discount},
                 {"reward", facts.reward},
                 {"goal", facts.goal},
                 {"proxy", facts.proxy},
                 {"evaluation_episodes", facts.evaluation_episodes},
                 {"samples_actions", facts.samples_actions},
                 {"without_resets", facts.without_resets}};
  acting["returns"] = Json::array();
  for (const Domain& domain : environment.train_domains()) {
    acting["returns"].push_back(returns_in(*world, domain));
  }
  acting["returns"].push_back(returns_in(*world, environment.test_domain()));
  out["acting"] = std::move(acting);
}

std::string acting_text(const Json& description, int columns) {
  const auto found = description.find("acting");
  if (found == description.end()) return {};
  const Json& acting = *found;
  const auto text = [&](const char* key) { return acting.at(key).get<std::string>(); };
  std::string out = fmt::format(
      "\nacting\n{}",
      wrapped(fmt::format("It answers to actions: {}. Reward: {}. Goal: {}. Proxy: {}. An episode "
                          "has at most {} steps{}; the discount is {:g}. An evaluation runs {} "
                          "episodes in each domain, and a policy takes {}.",
                          fmt::join(acting.at("actions").get<std::vector<std::string>>(), ", "),
                          text("reward"), text("goal"), text("proxy"),
                          acting.at("horizon").get<std::int64_t>(),
                          acting.at("without_resets").get<bool>() ? " and never begins again" : "",
                          acting.at("discount").get<double>(),
                          acting.at("evaluation_episodes").get<std::int64_t>(),
                          acting.at("samples_actions").get<bool>()
                              ? "an action drawn from its probabilities"
                              : "its most probable action, or draws it if it learned from rewards"),
              columns, 2));
  Table table({"return in domain", "shift", "optimal", "expert", "cue only", "random"});
  for (const Json& row : acting.at("returns")) {
    table.add({row.at("domain").get<std::string>(),
               fmt::format("{:.6g}", row.at("shift").get<double>()), return_text(row.at("optimal")),
               return_text(row.at("expert")), return_text(row.at("cue")),
               return_text(row.at("random"))});
  }
  return out + table.text(2, columns);
}

}  // namespace spurion::cli
