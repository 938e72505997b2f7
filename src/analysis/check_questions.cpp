#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "core/place_of.hpp"
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

  void check(const Question& question) {
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
    check_numbers(question);
    check_experiments(question);
    check_options(question);
    for (const char* key : {"baseline", "method"}) check_method(question, key);
  }

 private:
  void check_numbers(const Question& question) {
    if (const double margin = number_option(question, "margin", 0.0);
        !std::isfinite(margin) || margin < 0.0) {
      problems_.add(fmt::format("{}'margin' of a question must be a number >= 0, got {}",
                                place_of(*question.options.find("margin")), margin));
    }
    if (const double phase = number_option(question, "phase", -1.0);
        phase != std::floor(phase) || phase < -1.0) {
      problems_.add(
          fmt::format("{}'phase' of a question must be the number of a phase, or -1 for "
                      "the last, got {}",
                      place_of(*question.options.find("phase")), phase));
    }
  }

  void check_experiments(const Question& question) {
    std::vector<std::string> names;
    for (const Experiment& experiment : suite_.experiments) names.push_back(experiment.name);
    for (const std::string& name : texts_option(question, "experiments")) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        problems_.add(place_of(*question.options.find("experiments")) +
                      unknown_name_message("experiment", name, names));
      }
    }
  }

  /// The trials a question is about.
  [[nodiscard]] std::vector<const TrialSpec*> trials_of(const Question& question) const {
    std::vector<const TrialSpec*> asked;
    for (const std::string& name : experiments_of(question)) {
      const auto own = trials_.find(name);
      if (own != trials_.end()) {
        asked.insert(asked.end(), own->second.begin(), own->second.end());
      }
    }
    return asked;
  }

  void check_options(const Question& question) {
    std::vector<std::pair<std::string, const Value*>> named;
    const auto name = [&](const std::string& option, const char* key) {
      named.emplace_back(option, question.options.find(key));
    };
    if (const std::string axis = text_option(question, "axis", ""); !axis.empty()) {
      name(axis, "axis");
    }
    for (const std::string& option : texts_option(question, "also")) name(option, "also");
    if (const Value* where = where_option(question.options)) {
      for (const auto& [option, value] : where->as_table()) name(option, "where");
    }
    const std::vector<const TrialSpec*> asked = trials_of(question);
    if (asked.empty()) return;
    for (const auto& [option, place] : named) {
      const bool known =
          std::any_of(asked.begin(), asked.end(), [&, &option = option](const TrialSpec* trial) {
            return option_of(*trial, option) != nullptr;
          });
      if (known) continue;
      std::set<std::string> options;
      for (const TrialSpec* trial : asked) {
        for (const std::string& one : option_names(*trial)) options.insert(one);
      }
      problems_.add(place_of(*place) + unknown_name_message("option of the experiment's trials",
                                                            option,
                                                            {options.begin(), options.end()}));
    }
  }

  void check_method(const Question& question, const char* key) {
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
  for (const Question& question : suite.questions) check.check(question);
  problems.raise();
}

}  // namespace spurion::analysis
