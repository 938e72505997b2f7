#include "analysis/question_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "analysis/asked_question.hpp"
#include "core/measurement_names.hpp"
#include "core/place_of.hpp"
#include "spurion/analysis/trial_fields.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// More parts of an answer than a person reads.
constexpr std::size_t kMostParts = 50;

using TrialSpecs = std::vector<const TrialSpec*>;

/// Phases of the stream of a trial, the first included; 0 where it is on none.
std::int64_t phases_of(const TrialSpec& trial) {
  if (!trial.regime.options.is_table()) return 0;
  const auto option = [&](const char* name) { return trial.regime.options.find(name); };
  const Value* trajectory = option("trajectory");
  if (trajectory == nullptr || !trajectory->is_string()) return 0;
  const auto length = [&](const char* name) {
    const Value* list = option(name);
    const bool there = list != nullptr && list->is_list();
    return there ? static_cast<std::int64_t>(list->as_list().size()) : std::int64_t{0};
  };
  const Value* count = option("phase_count");
  const bool listed = trajectory->as_string() == "listed";
  // A listed trajectory without a list has one phase after the first.
  const std::int64_t own = listed ? std::max<std::int64_t>(1, length("phases"))
                           : count != nullptr && count->is_integer() ? count->as_integer()
                                                                     : 0;
  return own + length("final_phases") + 1;
}

/// The names in one table of a question.
class TableNames {
 public:
  /// What names are looked up in.
  struct Known {
    const TrialSpecs& trials;
    const Suite& suite;
    const Selectors& selectors;
    bool all;
  };
  TableNames(const AskedQuestion& asked, const Known& known, Problems& problems)
      : asked_(asked),
        trials_(known.trials),
        suite_(known.suite),
        selectors_(known.selectors),
        all_(known.all),
        problems_(problems) {
    const Value* where = asked.options.is_table() ? asked.options.find("where") : nullptr;
    if (where != nullptr && where->is_table()) where_.fields = *where;
  }

  void check(const std::vector<FieldInfo>& fields, const Value& table) const {
    for (const FieldInfo& field : fields) {
      const Value* value = table.find(field.name);
      if (field.use == FieldUse::phase) check_on_stream(value == nullptr ? table : *value);
      if (value == nullptr) {
        check_default(field, table);
        continue;
      }
      check(field, *value);
      if (field.fields.empty()) continue;
      if (value->is_table()) check(field.fields, *value);
      if (!value->is_list()) continue;
      for (const Value& item : value->as_list()) {
        if (item.is_table()) check(field.fields, item);
      }
    }
  }

 private:
  void check(const FieldInfo& field, const Value& value) const {
    if (field.use == FieldUse::phase) return check_phase(value);
    if (field.use == FieldUse::trial_field && value.is_table()) return check_filter(value);
    if (value.is_string()) return check_text(field, value);
    if (!value.is_list()) return;
    for (const Value& item : value.as_list()) {
      if (item.is_string()) check_text(field, item);
    }
  }

  void check_text(const FieldInfo& field, const Value& value) const {
    const std::string& name = value.as_string();
    if (name.empty()) return;
    switch (field.use) {
      case FieldUse::trial_field:
        if (known(name, value) && field.name == "by") check_parts(name, value);
        break;
      case FieldUse::axis:
        if (is_cost_axis(name)) break;  // known once the trials are done
        if (known(axis_option(name), value) && check_order(name, value)) check_scales(name, value);
        break;
      case FieldUse::method:
        check_method(name, value);
        break;
      case FieldUse::experiment:
        check_experiment(name, value);
        break;
      case FieldUse::selector:
        check_selector(name, value);
        break;
      case FieldUse::probe:
        check_probe(name, value);
        break;
      default:
        break;
    }
  }

  /// Whether some trial has this field; where none has, it is reported.
  bool known(const std::string& name, const Value& place) const {
    if (trials_.empty()) return false;
    const auto has = [&](const TrialSpec* trial) { return field_of(*trial, name).has_value(); };
    if (std::any_of(trials_.begin(), trials_.end(), has)) return true;
    std::set<std::string> fields;
    for (const TrialSpec* trial : trials_) {
      for (const std::string& one : field_names(*trial)) fields.insert(one);
    }
    problems_.add(core::place_of(place) + unknown_name_message("option of the experiment's trials",
                                                               name,
                                                               {fields.begin(), fields.end()}));
    return false;
  }

  /// An axis is made of numbers, or of lists by their lengths or means. What is not is reported.
  bool check_order(const std::string& name, const Value& place) const {
    const auto ordered = [&](const TrialSpec* trial) {
      return axis_value(*trial, name).has_value();
    };
    if (std::any_of(trials_.begin(), trials_.end(), ordered)) return true;
    problems_.add(fmt::format("{}'{}' cannot be an axis: its values are neither numbers nor lists",
                              core::place_of(place), name));
    return false;
  }

  /// An axis with one value has nothing to compare. Only the whole suite tells.
  void check_scales(const std::string& name, const Value& place) const {
    if (!all_) return;
    const Value* by = asked_.options.find("by");
    if (by != nullptr && by->is_string() && by->as_string() == name) {
      problems_.add(
          fmt::format("{}{} has '{}' as its axis and as 'by': each answer would have one "
                      "value of the axis",
                      core::place_of(place), called(asked_), name));
      return;
    }
    const Value* where = asked_.options.find("where");
    TrialFilter filter;
    if (where != nullptr && where->is_table()) filter.fields = *where;
    std::set<double> scales;
    for (const TrialSpec* trial : trials_) {
      const auto scale = filter.matches(*trial) ? axis_value(*trial, name) : std::nullopt;
      if (scale) scales.insert(scale->number);
    }
    if (scales.size() != 1) return;
    problems_.add(fmt::format(
        "{}every trial of {} has {} = {}: an axis needs at least two values. Write \"{}\" = [...] "
        "in the grid of the experiment",
        core::place_of(place), called(asked_), name, *scales.begin(), name));
  }

  /// The values of a field, as text; those of the trials that a filter lets through.
  [[nodiscard]] std::set<std::string> values_of(const std::string& name,
                                                const TrialFilter& filter = {}) const {
    std::set<std::string> values;
    for (const TrialSpec* trial : trials_) {
      if (!filter.empty() && !filter.matches(*trial)) continue;
      if (const auto value = field_of(*trial, name)) values.insert(value_text(*value));
    }
    return values;
  }

  void check_parts(const std::string& name, const Value& place) const {
    const std::size_t parts = values_of(name, where_).size();
    if (parts <= kMostParts) return;
    problems_.add(fmt::format("{}by = \"{}\" would answer {} times, once a value; at most {} times",
                              core::place_of(place), name, parts, kMostParts));
  }

  void check_filter(const Value& filter) const {
    for (const auto& [name, wanted] : filter.as_table()) {
      if (!known(name, wanted) || !all_) continue;
      const auto has = [&, &name = name, &wanted = wanted](const TrialSpec* trial) {
        const auto value = field_of(*trial, name);
        return value && same_value(*value, wanted);
      };
      if (std::any_of(trials_.begin(), trials_.end(), has)) continue;
      constexpr std::size_t kMost = 20;
      std::set<std::string> values = values_of(name);
      while (values.size() > kMost) values.erase(std::prev(values.end()));
      problems_.add(fmt::format("{}no trial of the experiment has {} = {} (there are: {})",
                                core::place_of(wanted), name, value_text(wanted),
                                fmt::join(values, ", ")));
    }
  }

  /// The names of the methods of the trials.
  [[nodiscard]] std::vector<std::string> methods() const {
    std::set<std::string> names;
    for (const TrialSpec* trial : trials_) names.insert(trial->method.name);
    return {names.begin(), names.end()};
  }

  /// Whether some trial has this method. A variant is named by its options too: "ewc (strength =
  /// 10)".
  [[nodiscard]] bool has_method(const std::string& method) const {
    const std::string name = method.substr(0, method.find(" ("));
    return std::any_of(trials_.begin(), trials_.end(),
                       [&](const TrialSpec* trial) { return trial->method.name == name; });
  }

  void check_method(const std::string& method, const Value& place) const {
    if (trials_.empty() || !all_ || has_method(method)) return;
    problems_.add(core::place_of(place) +
                  unknown_name_message("method of the experiment", method, methods()));
  }

  /// A key that is left out names what its default names.
  void check_default(const FieldInfo& field, const Value& table) const {
    if (field.use != FieldUse::method || field.required || trials_.empty() || !all_) return;
    if (!field.default_value.is_string()) return;
    const std::string& method = field.default_value.as_string();
    if (method.empty() || has_method(method)) return;
    problems_.add(fmt::format(
        "{}{} has no '{}', and the default '{}' is no method of the experiment: write {} = \"...\" "
        "with one of its methods ({})",
        core::place_of(table), called(asked_), field.name, method, field.name,
        fmt::join(methods(), ", ")));
  }

  /// A kind that asks of phases needs a stream.
  void check_on_stream(const Value& place) const {
    if (trials_.empty() || !all_) return;
    const auto streams = [](const TrialSpec* trial) { return phases_of(*trial) > 0; };
    if (std::any_of(trials_.begin(), trials_.end(), streams)) return;
    std::set<std::string> regimes;
    for (const TrialSpec* trial : trials_) regimes.insert(trial->regime.name);
    problems_.add(fmt::format(
        "{}{} needs trials that train on a stream, but experiment '{}' has none (its regimes: {}): "
        "use a regime with a trajectory, such as continual or online",
        core::place_of(place), called(asked_), asked_.experiment, fmt::join(regimes, ", ")));
  }

  void check_experiment(const std::string& name, const Value& place) const {
    const auto named = [&](const Experiment& experiment) { return experiment.name == name; };
    if (std::any_of(suite_.experiments.begin(), suite_.experiments.end(), named)) return;
    std::vector<std::string> names;
    for (const Experiment& experiment : suite_.experiments) names.push_back(experiment.name);
    problems_.add(core::place_of(place) + unknown_name_message("experiment", name, names));
  }

  void check_selector(const std::string& name, const Value& place) const {
    if (selectors_.contains(name)) return;
    problems_.add(core::place_of(place) +
                  unknown_name_message(selectors_.kind(), name, selectors_.names()));
  }

  /// The labels of the probes that the trials measure: `as` of each, else its name.
  [[nodiscard]] std::vector<std::string> probes() const {
    std::set<std::string> labels;
    for (const TrialSpec* trial : trials_) {
      const Value* probes = option_of(*trial, "evaluation.probes");
      if (probes == nullptr || !probes->is_list()) continue;
      for (const Value& probe : probes->as_list()) {
        std::string label;
        for (const char* key : {"name", "as"}) {
          const Value* word = probe.is_table() ? probe.find(key) : nullptr;
          if (word != nullptr && word->is_string() && !word->as_string().empty()) {
            label = word->as_string();
          }
        }
        if (!label.empty()) labels.insert(label);
      }
    }
    return {labels.begin(), labels.end()};
  }

  /// "probe_input_gradient_on_colour" is a number of the probe with the label "input_gradient".
  /// Other stored numbers are known once the trials are done.
  void check_probe(const std::string& number, const Value& place) const {
    const auto probe = core::parse_probe(number);
    if (!probe || trials_.empty() || !all_) return;
    const std::string& label = probe->label;
    const std::vector<std::string> known = probes();
    if (std::find(known.begin(), known.end(), label) != known.end()) return;
    if (known.empty()) {
      problems_.add(fmt::format(
          "{}{} asks of '{}', but no trial of the experiment measures a probe: write probes = "
          "[{{ name = \"{}\" }}] in [defaults.evaluation] or in its evaluation",
          core::place_of(place), called(asked_), number, label));
      return;
    }
    problems_.add(core::place_of(place) +
                  unknown_name_message("probe of the experiment's trials", label, known));
  }

  /// A phase that none of the streams has.
  void check_phase(const Value& phase) const {
    if (!phase.is_integer()) return;
    std::int64_t most = 0;
    for (const TrialSpec* trial : trials_) most = std::max(most, phases_of(*trial));
    if (most == 0 || phase.as_integer() < most) return;
    problems_.add(fmt::format("{}phase = {} of {}: its streams have phases 0 to {}",
                              core::place_of(phase), phase.as_integer(), called(asked_), most - 1));
  }

  const AskedQuestion& asked_;
  const TrialSpecs& trials_;
  const Suite& suite_;
  const Selectors& selectors_;
  bool all_;
  Problems& problems_;
  TrialFilter where_;  ///< which trials the question is about
};

}  // namespace

QuestionNames::QuestionNames(const Suite& suite, const std::vector<const TrialSpec*>& trials,
                             bool all)
    : suite_(suite), all_(all) {
  for (const TrialSpec* trial : trials) trials_[trial->experiment].push_back(trial);
}

void QuestionNames::check(const AskedQuestion& asked, const std::set<std::string>& experiments,
                          const QuestionKinds& kinds, Problems& problems) const {
  TrialSpecs trials;
  for (const std::string& name : experiments) {
    const auto own = trials_.find(name);
    if (own != trials_.end()) trials.insert(trials.end(), own->second.begin(), own->second.end());
  }
  TableNames(asked, {trials, suite_, kinds.selectors, all_}, problems)
      .check(fields_of(asked.kind, kinds), asked.options);
}

}  // namespace spurion::analysis
