#include "spurion/analysis/study.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <sstream>
#include <utility>

#include "analysis/held_out_trials.hpp"
#include "analysis/looks.hpp"
#include "analysis/paired_test.hpp"
#include "core/measurement_names.hpp"
#include "harness/store/stored_suite.hpp"
#include "harness/suite/searched_options.hpp"

namespace spurion::analysis {

std::string AppliedSelection::text() const {
  if (!active()) return {};
  return selector + (leak ? " (leak)" : "") + (early_stopping ? ", early stopping" : "") +
         (one_for_all_scales ? ", one sample for all scales" : "");
}

struct Study::Memory {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const void>> things;
};

namespace {

/// The level of the look that each experiment is at, in a suite that may stop early.
std::map<std::string, double> levels_of(const Suite& suite, const StoredResults& results) {
  std::map<std::string, double> levels;
  if (!suite.stopping.when_decided) return levels;
  std::map<std::string, std::set<std::int64_t>> seeds;
  for (const TrialResult& trial : results.trials) {
    seeds[trial.spec.experiment].insert(trial.spec.seed);
  }
  for (const Experiment& one : suite.experiments) {
    const auto met = static_cast<std::int64_t>(seeds[one.name].size());
    levels[one.name] = look_at(looks_of(suite.stopping, one.seeds), met).level;
  }
  return levels;
}

}  // namespace

Study::Study(const StoredResults& results, Selectors selectors) {
  Facts facts{&results,
              *harness::stored_suite(results),
              {},
              {},
              StoredMetrics(results),
              {},
              {},
              std::move(selectors),
              {},
              {},
              std::make_shared<Memory>(),
              {}};
  for (const TrialResult& trial : results.trials) trials_[trial.spec.experiment].push_back(&trial);
  // They only serve the selection of the others, whose test domain is the real one.
  for (auto& [experiment, trials] : trials_) {
    const auto apart =
        std::stable_partition(trials.begin(), trials.end(),
                              [](const TrialResult* trial) { return !holds_out_a_domain(*trial); });
    if (apart == trials.begin() || apart == trials.end()) continue;
    facts.held_out[experiment].assign(apart, trials.end());
    trials.erase(apart, trials.end());
  }
  for (const Experiment& experiment : facts.suite.experiments) {
    if (experiment.configurations == 0) continue;
    const harness::SearchedOptions options(experiment);
    std::set<std::string>& searched = facts.searched[experiment.name];
    for (const std::string& field : experiment.search_fields) {
      const auto dot = field.find('.');
      // Of an entry of a table, "section.option.key", the option is what trials have.
      if (dot != std::string::npos) searched.insert(field.substr(0, field.find('.', dot + 1)));
    }
    // A section stands for options, which the trials have. Those of one shape have the same.
    std::set<std::array<std::string, 4>> known;
    for (const TrialResult* trial : trials_[experiment.name]) {
      const TrialSpec& spec = trial->spec;
      if (known.insert({spec.environment.name, spec.model.name, spec.method.name, spec.regime.name})
              .second) {
        searched.merge(options.of(spec));
      }
    }
  }
  facts.levels = levels_of(facts.suite, results);
  const std::string prefix = "environment.";
  for (auto one = results.context.lower_bound(prefix);
       one != results.context.end() && one->first.compare(0, prefix.size(), prefix) == 0; ++one) {
    // "environment.NAME", and "environment.NAME#2" and so on for further configurations of the
    // same.
    const std::string name = one->first.substr(prefix.size());
    const bool first = name.find('#') == std::string::npos;
    std::map<std::string, EnvironmentFacts>& known =
        facts.environments[name.substr(0, name.find('#'))];
    auto described = EnvironmentFacts::from_value(parse_json(one->second, "context"));
    known.emplace(described.options.canonical_json(), described);
    if (first) known.emplace("", std::move(described));
  }
  const std::string streams = core::kStreamOptionsFact;
  for (auto one = results.context.lower_bound(streams);
       one != results.context.end() && one->first.compare(0, streams.size(), streams) == 0; ++one) {
    std::set<std::string>& options = facts.stream_options[one->first.substr(streams.size())];
    std::istringstream words(one->second);
    for (std::string word; words >> word;) options.insert(word);
  }
  const std::string controls = core::kControlFact;
  for (auto one = results.context.lower_bound(controls);
       one != results.context.end() && one->first.compare(0, controls.size(), controls) == 0;
       ++one) {
    facts.controls[one->first.substr(controls.size())] = one->second;
  }
  facts.all = trials_;
  facts_ = std::make_shared<const Facts>(std::move(facts));
}

Study::Study(std::shared_ptr<const Facts> facts, Trials trials)
    : facts_(std::move(facts)), trials_(std::move(trials)) {}

Study Study::whole() const { return Study(facts_, facts_->all); }

std::shared_ptr<const void> Study::recall(const std::string& key) const {
  const std::lock_guard<std::mutex> lock(facts_->memory->mutex);
  const auto found = facts_->memory->things.find(key);
  return found == facts_->memory->things.end() ? nullptr : found->second;
}

void Study::remember(const std::string& key, std::shared_ptr<const void> what) const {
  const std::lock_guard<std::mutex> lock(facts_->memory->mutex);
  facts_->memory->things.emplace(key, std::move(what));
}

Study Study::with(Trials trials) const { return selected(std::move(trials), selection_, stopped_); }

Study Study::selected(Trials trials, AppliedSelection selection,
                      std::shared_ptr<const Stopped> stopped) const {
  Study other(facts_, std::move(trials));
  other.selection_ = std::move(selection);
  other.stopped_ = std::move(stopped);
  return other;
}

const std::vector<const TrialResult*>& Study::trials(const std::string& experiment) const {
  static const std::vector<const TrialResult*> none;
  const auto found = trials_.find(experiment);
  return found == trials_.end() ? none : found->second;
}

const std::vector<const TrialResult*>& Study::held_out_trials(const std::string& experiment) const {
  static const std::vector<const TrialResult*> none;
  const auto found = facts_->held_out.find(experiment);
  return found == facts_->held_out.end() ? none : found->second;
}

const std::set<std::string>& Study::searched_options(const std::string& experiment) const {
  static const std::set<std::string> none;
  const auto found = facts_->searched.find(experiment);
  return found == facts_->searched.end() ? none : found->second;
}

const std::set<std::string>& Study::stream_options(const std::string& regime) const {
  static const std::set<std::string> none;
  const auto found = facts_->stream_options.find(regime);
  return found == facts_->stream_options.end() ? none : found->second;
}

double Study::test_level(const std::string& experiment) const {
  const auto found = facts_->levels.find(experiment);
  return found == facts_->levels.end() ? kTestLevel : found->second;
}

const EnvironmentFacts& Study::environment_facts(const Component& environment) const {
  static const EnvironmentFacts nothing;
  const auto known = facts_->environments.find(environment.name);
  if (known == facts_->environments.end()) return nothing;
  const auto same = known->second.find(environment.options.canonical_json());
  if (same != known->second.end()) return same->second;
  const auto first = known->second.find("");
  return first == known->second.end() ? nothing : first->second;
}

}  // namespace spurion::analysis
