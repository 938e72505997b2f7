#include "cli/training/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include "cli/text.hpp"
#include "harness/suite/searched_options.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion::cli {

std::string value_text(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_list()) {
    std::vector<std::string> items;
    for (const Value& item : value.as_list()) items.push_back(value_text(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  if (!value.is_table()) return value.canonical_json();
  std::string name;
  std::vector<std::string> items;
  for (const auto& [key, item] : value.as_table()) {
    if (key == "name") {
      name = value_text(item);
    } else {
      items.push_back(fmt::format("{}={}", key, value_text(item)));
    }
  }
  if (items.empty()) return name;
  return fmt::format("{}{}({})", name, name.empty() ? "" : " ", fmt::join(items, ", "));
}

namespace {

/// The trials of each experiment, in their order.
using TrialsOf = std::map<std::string, std::vector<const TrialSpec*>>;

/// The options of trials that are searched, as text.
class SearchedTexts {
 public:
  explicit SearchedTexts(const Experiment& experiment) : options_(experiment) {}

  std::string operator()(const TrialSpec& trial) {
    std::string text;
    for (const std::string& option : options_of(trial)) {
      text += option + '=' + analysis::option_of(trial, option)->canonical_json() + '\n';
    }
    return text;
  }

 private:
  /// Their names. Trials of one shape have the same, and follow each other.
  const std::set<std::string>& options_of(const TrialSpec& trial) {
    const std::array<const std::string*, 4> names = {&trial.environment.name, &trial.model.name,
                                                     &trial.method.name, &trial.regime.name};
    const bool same =
        std::equal(names.begin(), names.end(), names_.begin(),
                   [](const std::string* a, const std::string& b) { return *a == b; });
    if (!same || first_) {
      for (std::size_t i = 0; i < names.size(); ++i) names_[i] = *names[i];
      found_ = options_.of(trial);
      first_ = false;
    }
    return found_;
  }

  harness::SearchedOptions options_;
  std::array<std::string, 4> names_;
  std::set<std::string> found_;
  bool first_ = true;
};

/// "20 samples x 5 seeds for each of erm, v_rex"; by method where they differ: one without any of
/// the searched options has a single sample.
std::string budget_text(const Experiment& experiment, const std::vector<const TrialSpec*>& trials) {
  SearchedTexts text_of(experiment);
  std::map<std::string, std::set<std::string>> samples;  // by method
  std::set<std::int64_t> held_out;
  for (const TrialSpec* trial : trials) {
    const Value* domain = trial->training.find("held_out_domain");
    if (domain != nullptr && domain->as_integer() >= 0) held_out.insert(domain->as_integer());
    samples[trial->method.name].insert(text_of(*trial));
  }
  std::map<std::size_t, std::vector<std::string>> budgets;
  for (const auto& [method, texts] : samples) budgets[texts.size()].push_back(method);
  std::vector<std::string> parts;
  for (const auto& [size, methods] : budgets) {
    parts.push_back(fmt::format("{} x {} for each of {}",
                                count(static_cast<std::int64_t>(size), "different sample"),
                                count(experiment.seeds, "seed"), fmt::join(methods, ", ")));
  }
  std::string text =
      fmt::format("{}{}", budgets.size() > 1 ? "unequal: " : "", fmt::join(parts, "; "));
  if (!held_out.empty()) {
    text += fmt::format("; each is also trained without one train domain, for {}",
                        count(static_cast<std::int64_t>(held_out.size()), "domain"));
  }
  return text;
}

}  // namespace

std::string grid_text(const Suite& suite, const std::vector<TrialSpec>& trials, int columns) {
  TrialsOf trials_of;
  for (const TrialSpec& trial : trials) trials_of[trial.experiment].push_back(&trial);
  std::string out;
  for (const Experiment& experiment : suite.experiments) {
    const std::vector<const TrialSpec*>& own = trials_of[experiment.name];
    out += fmt::format("experiment {}{}\n", experiment.name,
                       experiment.title.empty() ? "" : ": " + experiment.title);
    Table table({"axis", "values"});
    for (const auto& [path, values] : experiment.grid.as_table()) {
      std::vector<std::string> items;
      if (values.is_list()) {
        for (const Value& value : values.as_list()) items.push_back(value_text(value));
      }
      table.add({path, fmt::format("{}", fmt::join(items, ", "))});
    }
    if (experiment.configurations > 0) {
      table.add(
          {"search", fmt::format("{} ({}) of {}", count(experiment.configurations, "configuration"),
                                 search_strategy_name(experiment.search_strategy),
                                 fmt::join(experiment.search_fields, ", "))});
      table.add({"budget", budget_text(experiment, own)});
    }
    table.add(
        {"seeds", experiment.seeds == 1 ? "0" : fmt::format("0 to {}", experiment.seeds - 1)});
    table.add({"", count(static_cast<std::int64_t>(own.size()), "trial")});
    out += table.text(2, columns);
  }
  return out;
}

}  // namespace spurion::cli
