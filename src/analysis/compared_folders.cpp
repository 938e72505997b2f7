#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "analysis/comparison.hpp"
#include "analysis/held_out_trials.hpp"
#include "analysis/variant_names.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/analysis/trial_fields.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

using Texts = std::set<std::string>;
using TrialPointers = std::vector<const TrialResult*>;

std::string joined(const Texts& texts) {
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

bool share(const Texts& a, const Texts& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& one) { return b.count(one) != 0; });
}

/// Trials of a folder that are done, each once though several experiments have it.
TrialPointers done_trials(const StoredResults& results) {
  TrialPointers trials;
  Texts ids;
  for (const TrialResult& trial : results.trials) {
    if (holds_out_a_domain(trial)) continue;
    if (trial.status == Status::done && ids.insert(trial.spec.id()).second) {
      trials.push_back(&trial);
    }
  }
  return trials;
}

/// The texts of something of each trial.
template <class Of>
Texts texts_of(const TrialPointers& trials, const Of& of) {
  Texts texts;
  for (const TrialResult* trial : trials) of(*trial, texts);
  return texts;
}

Texts environment_names(const TrialPointers& trials) {
  return texts_of(trials, [](const TrialResult& trial, Texts& texts) {
    texts.insert(trial.spec.environment.name);
  });
}

/// Both sides, with what they are called.
struct Sides {
  std::string first_name;
  std::string second_name;
  TrialPointers first;
  TrialPointers second;

  [[nodiscard]] Sides in(const std::string& environment) const {
    Sides own{first_name, second_name, {}, {}};
    const auto keep = [&](const TrialPointers& from, TrialPointers& to) {
      std::copy_if(from.begin(), from.end(), std::back_inserter(to), [&](const TrialResult* one) {
        return one->spec.environment.name == environment;
      });
    };
    keep(first, own.first);
    keep(second, own.second);
    return own;
  }
};

void refuse_other_version(const Sides& sides) {
  const auto versions = [](const TrialResult& trial, Texts& texts) {
    if (trial.made_by != nullptr) texts.insert(trial.made_by->version);
  };
  const Texts first = texts_of(sides.first, versions);
  const Texts second = texts_of(sides.second, versions);
  if (first.empty() || second.empty() || first == second) return;
  throw UsageError(fmt::format(
      "{} was made by spurion {} and {} by spurion {}, so their numbers may differ for that alone "
      "(--allow-mixed compares them all the same)",
      sides.first_name, joined(first), sides.second_name, joined(second)));
}

void refuse_other_seeds(const Sides& sides) {
  const auto base_seeds = [](const TrialResult& trial, Texts& texts) {
    texts.insert(fmt::format("{}", trial.spec.base_seed));
  };
  const Texts first = texts_of(sides.first, base_seeds);
  const Texts second = texts_of(sides.second, base_seeds);
  if (share(first, second)) return;
  throw UsageError(fmt::format("{} has base_seed {} and {} has {}, so they share no seed",
                               sides.first_name, joined(first), sides.second_name, joined(second)));
}

/// The same recorded rows: of a file that both read, the same fingerprint.
void refuse_other_rows(const Sides& sides) {
  std::map<std::string, std::string> known;
  for (const TrialResult* trial : sides.first) {
    if (trial->made_by != nullptr)
      known.insert(trial->made_by->data.begin(), trial->made_by->data.end());
  }
  for (const TrialResult* trial : sides.second) {
    if (trial->made_by == nullptr) continue;
    for (const auto& [name, fingerprint] : trial->made_by->data) {
      const auto found = known.find(name);
      if (found == known.end() || found->second == fingerprint) continue;
      throw UsageError(fmt::format("{} and {} were made from different rows of {}",
                                   sides.first_name, sides.second_name, name));
    }
  }
}

/// Names of the domains whose rows depend on the environment alone.
Texts domain_names(const TrialPointers& trials) {
  return texts_of(trials, [](const TrialResult& trial, Texts& texts) {
    for (const MeasurementRow row : trial.measurements) {
      switch (core::parse_domain(row.domain).in) {
        case core::MeasuredIn::train:
        case core::MeasuredIn::test:
        case core::MeasuredIn::test_cue:
          texts.insert(std::string(row.domain));
          break;
        default:
          break;
      }
    }
  });
}

/// The values of each option "environment.NAME", as text.
std::map<std::string, Texts> environment_options(const TrialPointers& trials) {
  std::map<std::string, Texts> options;
  for (const TrialResult* trial : trials) {
    const Value& table = trial->spec.environment.options;
    if (!table.is_table()) continue;
    for (const auto& [name, value] : table.as_table()) options[name].insert(value_text(value));
  }
  return options;
}

/// Other data under the name of one environment.
void refuse_other_data(const Sides& sides, const std::string& environment) {
  const Sides own = sides.in(environment);
  const auto first = environment_options(own.first);
  const auto second = environment_options(own.second);
  for (const auto& [option, values] : first) {
    const auto found = second.find(option);
    const Texts others = found == second.end() ? Texts() : found->second;
    if (share(values, others)) continue;
    throw UsageError(fmt::format(
        "environment '{}' has {} = {} in {} and {} in {}, so their trials are of different data",
        environment, option, joined(values), own.first_name, joined(others), own.second_name));
  }
  const Texts first_domains = domain_names(own.first);
  const Texts second_domains = domain_names(own.second);
  if (first_domains != second_domains) {
    throw UsageError(fmt::format(
        "environment '{}' has the domains {} in {} and {} in {}, so their trials are of different "
        "data",
        environment, joined(first_domains), own.first_name, joined(second_domains),
        own.second_name));
  }
}

/// Which fields trials are paired by: those in which both sides have a value in common.
class PairedFields {
 public:
  explicit PairedFields(const Sides& sides) {
    std::map<std::string, std::pair<Texts, Texts>> values;
    for (const TrialResult* trial : sides.first) {
      for (auto& [name, text] : fields(trial->spec)) values[name].first.insert(text);
    }
    for (const TrialResult* trial : sides.second) {
      for (auto& [name, text] : fields(trial->spec)) values[name].second.insert(text);
    }
    std::vector<std::string> differences;
    for (const auto& [name, texts] : values) {
      if (share(texts.first, texts.second)) continue;
      apart_.insert(name);
      const std::string section = name.substr(0, name.find('.'));
      // Options of another method are told by its name.
      if (section != name && apart_.count(section) != 0) continue;
      // Nor what only trials have that have no partner.
      if (texts.first.empty() || texts.second.empty()) continue;
      differences.push_back(
          fmt::format("{} ({} and {})", name, joined(texts.first), joined(texts.second)));
    }
    if (!differences.empty()) {
      note_ = fmt::format(" They differ in {}.", fmt::join(differences, " and "));
    }
  }

  /// Whether trials must agree in a field.
  [[nodiscard]] bool holds(const std::string& name) const { return apart_.count(name) == 0; }
  /// What a trial is paired by, beside its seed.
  [[nodiscard]] std::string key(const TrialSpec& spec) const {
    Value::Table table;
    for (auto& [name, text] : fields(spec)) {
      if (holds(name)) table[name] = text;
    }
    return Value(std::move(table)).canonical_json();
  }
  /// In what the sides differ, a sentence; empty where in nothing.
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  static std::vector<std::pair<std::string, std::string>> fields(const TrialSpec& spec) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const std::string& name : field_names(spec)) {
      if (const auto value = field_of(spec, name)) all.emplace_back(name, value_text(*value));
    }
    all.emplace_back("base_seed", fmt::format("{}", spec.base_seed));
    return all;
  }

  Texts apart_;
  std::string note_;
};

/// Options that a search draws in any experiment.
Texts searched(const StoredResults& results) {
  const Study study(results);
  Texts all;
  for (const Experiment& experiment : study.suite().experiments) {
    const auto& own = study.searched_options(experiment.name);
    all.insert(own.begin(), own.end());
  }
  return all;
}

}  // namespace

Comparison compared_folders(const ComparedFolder& first, const ComparedFolder& second,
                            bool allow_mixed) {
  Sides sides{first.name, second.name, done_trials(first.results), done_trials(second.results)};
  const Texts first_names = environment_names(sides.first);
  const Texts second_names = environment_names(sides.second);
  if (!share(first_names, second_names)) {
    throw UsageError(fmt::format("{} has the environments {} and {} has {}: they share none",
                                 first.name, joined(first_names), second.name,
                                 joined(second_names)));
  }
  refuse_other_seeds(sides);
  refuse_other_rows(sides);
  for (const std::string& name : first_names) {
    if (second_names.count(name) != 0) refuse_other_data(sides, name);
  }
  if (!allow_mixed) refuse_other_version(sides);

  const PairedFields fields(sides);
  Texts unnamed = searched(first.results);
  unnamed.merge(searched(second.results));
  TrialPointers all = sides.first;
  all.insert(all.end(), sides.second.begin(), sides.second.end());
  const auto named = [&](const char* section) {
    return [&, section](const std::string& option) {
      const std::string name = fmt::format("{}.{}", section, option);
      return fields.holds(name) && unnamed.count(name) == 0;
    };
  };
  const VariantNames environments(all, &TrialSpec::environment, named("environment"));
  const VariantNames methods(all, &TrialSpec::method, named("method"));
  const VariantNames regimes(all, &TrialSpec::regime, named("regime"));
  const auto under = [&](const TrialSpec& spec) {
    std::vector<std::string> parts;
    if (fields.holds("method")) parts.push_back(methods(spec));
    if (fields.holds("regime")) parts.push_back(regimes(spec));
    return fmt::format("{}", fmt::join(parts, ", "));
  };
  std::map<std::pair<std::string, std::string>, ComparedGroup> groups;
  const auto add = [&](const TrialPointers& trials, std::vector<ComparedTrial> ComparedGroup::*to) {
    for (const TrialResult* trial : trials) {
      const std::string environment = environments(trial->spec);
      const std::string condition = under(trial->spec);
      ComparedGroup& group = groups[{environment, condition}];
      group.environment = environment;
      group.under = condition;
      (group.*to).push_back({trial, fields.key(trial->spec)});
    }
  };
  add(sides.first, &ComparedGroup::first);
  add(sides.second, &ComparedGroup::second);
  Comparison comparison{first.name, second.name, {}, fields.note()};
  for (auto& [key, group] : groups) {
    if (!group.first.empty() && !group.second.empty())
      comparison.groups.push_back(std::move(group));
  }
  return comparison;
}

}  // namespace spurion::analysis
