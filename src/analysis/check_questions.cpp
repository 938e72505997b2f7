#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

#include "analysis/questions.hpp"
#include "core/place_of.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// The questions of a suite held against its trials.
class QuestionCheck {
 public:
  QuestionCheck(const Suite& suite, const std::vector<const TrialSpec*>& trials, Problems& problems)
      : suite_(suite), problems_(problems) {
    for (const TrialSpec* trial : trials) trials_[trial->experiment].push_back(trial);
  }

  void check(const AskedQuestion& question) {
    const QuestionKind* kind = question_kind(question.kind);
    if (kind == nullptr) {
      std::vector<std::string> names;
      for (const QuestionKind& one : question_kinds()) names.emplace_back(one.name);
      problems_.add(place_of(*question.options.find("kind")) +
                    unknown_name_message("kind of question", question.kind, names));
      return;
    }
    std::vector<std::string> keys = kind->keys;
    keys.insert(keys.end(), {"text", "kind", "experiment"});
    for (const auto& [key, value] : question.options.as_table()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        problems_.add(place_of(value) +
                      unknown_name_message(
                          fmt::format("key of a question of kind '{}'", question.kind), key, keys));
      }
    }
    const auto collect = [&](auto part) {
      try {
        part();
      } catch (const UsageError& error) {
        // A key that two checks read is told once.
        const std::vector<std::string>& told = problems_.list();
        if (std::find(told.begin(), told.end(), error.what()) == told.end()) {
          problems_.add(error.what());
        }
      }
    };
    collect([&] { kind->check(question); });
    collect([&] { check_experiments(question); });
    collect([&] { check_options(question); });
    collect([&] { check_phase(question); });
    for (const char* key : {"baseline", "method"}) collect([&] { check_method(question, key); });
  }

 private:
  void check_experiments(const AskedQuestion& question) {
    const std::vector<std::string> given = texts_option(question, "experiments");
    if (given.empty()) return;
    std::vector<std::string> names;
    for (const Experiment& experiment : suite_.experiments) names.push_back(experiment.name);
    for (const std::string& name : given) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        problems_.add(place_of(*question.options.find("experiments")) +
                      unknown_name_message("experiment", name, names));
      }
    }
  }

  /// The trials a question is about.
  [[nodiscard]] std::vector<const TrialSpec*> trials_of(const AskedQuestion& question) const {
    std::vector<const TrialSpec*> asked;
    for (const std::string& name : experiments_of(question)) {
      const auto own = trials_.find(name);
      if (own != trials_.end()) {
        asked.insert(asked.end(), own->second.begin(), own->second.end());
      }
    }
    return asked;
  }

  /// Phases of the stream of a trial, the first included; 0 where it is on none.
  static std::int64_t phases_of(const TrialSpec& trial) {
    const auto option = [&](const char* name) { return trial.regime.options.find(name); };
    if (!trial.regime.options.is_table()) return 0;
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

  /// A phase that none of the streams has.
  void check_phase(const AskedQuestion& question) {
    if (question.options.find("phase") == nullptr) return;
    const std::int64_t phase = phase_option(question);
    std::int64_t most = 0;
    for (const TrialSpec* trial : trials_of(question)) most = std::max(most, phases_of(*trial));
    if (most == 0 || phase < most) return;
    problems_.add(fmt::format("{}phase = {} of a question: its streams have phases 0 to {}",
                              place_of(*question.options.find("phase")), phase, most - 1));
  }

  /// `where` of the question, or of each row of one of kind 'published'.
  static std::vector<const Value*> wheres_of(const AskedQuestion& question) {
    std::vector<const Value*> wheres;
    if (const Value* where = where_option(question.options)) wheres.push_back(where);
    const Value* rows = question.options.find("rows");
    if (rows == nullptr || !rows->is_list()) return wheres;
    for (const Value& row : rows->as_list()) {
      const Value* where = row.is_table() ? row.find("where") : nullptr;
      if (where != nullptr && where->is_table()) wheres.push_back(where);
    }
    return wheres;
  }

  void check_options(const AskedQuestion& question) {
    std::vector<std::pair<std::string, const Value*>> named;
    const auto name = [&](const std::string& option, const char* key) {
      named.emplace_back(option, question.options.find(key));
    };
    if (const std::string axis = text_option(question, "axis", ""); !axis.empty()) {
      name(axis, "axis");
    }
    for (const std::string& option : texts_option(question, "tied_axes")) name(option, "tied_axes");
    for (const Value* where : wheres_of(question)) {
      for (const auto& [option, value] : where->as_table()) named.emplace_back(option, &value);
    }
    const std::vector<const TrialSpec*> asked = trials_of(question);
    if (asked.empty()) return;
    for (const auto& [option, place] : named) {
      const bool known =
          std::any_of(asked.begin(), asked.end(), [&, &option = option](const TrialSpec* trial) {
            return option_of(*trial, option) != nullptr;
          });
      if (known) {
        check_axis(question, option, asked);
        continue;
      }
      std::set<std::string> options;
      for (const TrialSpec* trial : asked) {
        for (const std::string& one : option_names(*trial)) options.insert(one);
      }
      problems_.add(place_of(*place) + unknown_name_message("option of the experiment's trials",
                                                            option,
                                                            {options.begin(), options.end()}));
    }
  }

  /// An axis is made of numbers, or of lists by their lengths.
  void check_axis(const AskedQuestion& question, const std::string& option,
                  const std::vector<const TrialSpec*>& asked) {
    if (text_option(question, "axis", "") != option) return;
    const bool ordered = std::any_of(asked.begin(), asked.end(), [&](const TrialSpec* trial) {
      return axis_value(*trial, option).has_value();
    });
    if (ordered) return;
    problems_.add(fmt::format("{}'{}' cannot be an axis: its values are neither numbers nor lists",
                              place_of(*question.options.find("axis")), option));
  }

  void check_method(const AskedQuestion& question, const char* key) {
    const std::string method = text_option(question, key, "");
    const std::vector<const TrialSpec*> asked = trials_of(question);
    if (method.empty() || asked.empty()) return;
    std::set<std::string> names;
    for (const TrialSpec* trial : asked) names.insert(trial->method.name);
    // A variant is named by its options too: "ewc (strength = 10)".
    if (names.count(method.substr(0, method.find(" ("))) != 0) return;
    problems_.add(
        place_of(*question.options.find(key)) +
        unknown_name_message("method of the experiment", method, {names.begin(), names.end()}));
  }

  const Suite& suite_;
  std::map<std::string, std::vector<const TrialSpec*>> trials_;  // by experiment
  Problems& problems_;
};

}  // namespace

void check_questions(const Suite& suite, const std::vector<TrialSpec>& trials) {
  std::vector<const TrialSpec*> pointers;
  pointers.reserve(trials.size());
  for (const TrialSpec& trial : trials) pointers.push_back(&trial);
  check_questions(suite, pointers);
}

void check_questions(const Suite& suite, const std::vector<const TrialSpec*>& trials) {
  Problems problems;
  QuestionCheck check(suite, trials, problems);
  for (const AskedQuestion& question : suite.questions) check.check(question);
  problems.raise();
}

}  // namespace spurion::analysis
