#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "conformance/schema_checks.hpp"
#include "spurion/question.hpp"

namespace spurion {
namespace conformance {
namespace {

constexpr const char* kOther = "method_to_leave_out";
constexpr std::int64_t kSeeds = 4;

/// A made-up trial: a wide model learns, and does better out of distribution.
TrialResult made_up_trial(const std::string& method, std::int64_t width, std::int64_t rows,
                          std::int64_t seed) {
  TrialResult trial;
  trial.spec.experiment = "made_up";
  trial.spec.environment = {"world", Value::Table{}};
  trial.spec.model = {"mlp", Value::Table{{"width", width}}};
  trial.spec.method = {method, Value::Table{}};
  trial.spec.regime = {"offline", Value::Table{}};
  trial.spec.optimizer = Value::Table{};
  trial.spec.training = Value::Table{{"rows", rows}};
  trial.spec.evaluation = Value::Table{{"rows", 500}};
  trial.spec.seed = seed;
  const double id = 0.7 + 0.001 * static_cast<double>(seed);
  const double ood = width == 16 ? 0.3 : 0.69;
  trial.measurements = {{0, 0, "in_distribution", 0.0, "ceiling_chance", 0.5},
                        {0, 0, "in_distribution", 0.0, "ceiling_invariant", 0.75},
                        {0, 0, "test", 0.9, "ceiling_chance", 0.5},
                        {0, 0, "test", 0.9, "ceiling_invariant", 0.75},
                        {0, 9, "train_0", 0.1, "accuracy", id},
                        {0, 9, "in_distribution", 0.0, "accuracy", id},
                        {0, 9, "validation", 0.0, "accuracy", id},
                        {0, 9, "test", 0.9, "accuracy", ood},
                        {0, 9, "test", 0.9, "worst_group_accuracy", ood},
                        {0, 9, "test", 0.9, "flip_rate", 0.2},
                        {0, 9, "test", 0.9, "gap", id - ood}};
  return trial;
}

/// Results of one experiment without its questions.
StoredResults made_up_results() {
  StoredResults results;
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    for (const std::string method : {"erm", kOther}) {
      for (const std::int64_t width : {16, 64}) {
        for (const std::int64_t rows : {100, 400}) {
          results.trials.push_back(made_up_trial(method, width, rows, seed));
        }
      }
    }
  }
  return results;
}

/// Values for the fields that must be given: of made-up trials where they name something.
class RequiredOptions {
 public:
  Value of(const std::vector<FieldInfo>& fields) {
    Value table = Value::Table{};
    for (const FieldInfo& field : fields) {
      if (field.required) table.as_table()[field.name] = example(field);
    }
    return table;
  }

 private:
  Value example(const FieldInfo& field) {
    const bool list = field.type.rfind("list", 0) == 0;
    const Value one = one_of(field);
    return list ? Value(Value::List{one}) : one;
  }
  Value one_of(const FieldInfo& field) {
    switch (field.use) {
      case FieldUse::axis:
        // Two axes are two scales.
        return axes_++ % 2 == 0 ? "model.width" : "training.rows";
      case FieldUse::trial_field:
        return "model.width";
      case FieldUse::method:
        return "erm";
      case FieldUse::experiment:
        return "made_up";
      case FieldUse::phase:
        return 0;
      case FieldUse::probe:
        return "accuracy";
      default:
        break;
    }
    if (!field.fields.empty()) return of(field.fields);
    if (!field.bounds.words.empty()) return field.bounds.words.front();
    if (field.type.find("string") != std::string::npos) return "made up";
    if (field.type.find("boolean") != std::string::npos) return true;
    if (field.type.find("table") != std::string::npos) return Value::Table{};
    const double least = std::isfinite(field.bounds.low) ? field.bounds.low + 1.0 : 1.0;
    const double value = std::min(least, field.bounds.high);
    const bool whole = field.type.find("integer") != std::string::npos;
    return whole ? Value(static_cast<std::int64_t>(value)) : Value(value);
  }

  int axes_ = 0;
};

struct QuestionSubject {
  const Catalog* catalog;
  std::string name;
  Value options;

  /// The answer to the question with more keys, from results whose suite asks it.
  [[nodiscard]] analysis::Answer ask(StoredResults results, const Value& more = {}) const {
    Suite suite;
    suite.name = "made_up";
    Experiment experiment;
    experiment.name = "made_up";
    suite.experiments.push_back(experiment);
    AskedQuestion asked{"Does it answer?", name, "made_up", options};
    for (const auto& [key, value] : more.as_table()) asked.options.as_table()[key] = value;
    suite.questions.push_back(std::move(asked));
    results.context["suite"] = suite.to_toml();
    return analysis::answer_all(results, catalog->questions).front();
  }
};

/// All that an answer says, as text.
std::string text_of(const analysis::Answer& answer) {
  std::string text = answer.sentence;
  for (const analysis::Table& table : answer.tables) {
    text += '\n' + table.caption;
    for (const auto& row : table.rows) {
      for (const analysis::Cell& cell : row) text += '\n' + analysis::text_of(cell);
    }
  }
  for (const analysis::Chart& chart : answer.charts) {
    text += '\n' + chart.title + '\n' + chart.note;
    for (const std::string& category : chart.categories) text += '\n' + category;
    for (const analysis::Series& series : chart.series) {
      text += '\n' + series.name;
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        text += fmt::format(" {} {}", series.x[i], series.y.at(i).value);
      }
    }
  }
  return text;
}

void check_form(const analysis::Answer& answer) {
  require(!answer.sentence.empty(), "the answer has no sentence");
  for (const analysis::Table& table : answer.tables) {
    require(!table.name.empty() && !table.caption.empty(), "a table has no name or no caption");
    for (const auto& row : table.rows) {
      require(row.size() == table.columns.size(),
              fmt::format("table '{}': a row has not one cell a column", table.name));
    }
  }
  for (const analysis::Chart& chart : answer.charts) {
    require(!chart.name.empty() && !chart.title.empty(), "a chart has no name or no title");
    const bool categories = chart.kind == analysis::ChartKind::bar ||
                            chart.kind == analysis::ChartKind::dot ||
                            chart.kind == analysis::ChartKind::heat_map;
    for (const analysis::Series& series : chart.series) {
      require(series.x.size() == series.y.size(),
              fmt::format("chart '{}': a series has not one y an x", chart.name));
      for (const double x : series.x) {
        const bool known = x >= 0.0 && x < static_cast<double>(chart.categories.size());
        require(!categories || known,
                fmt::format("chart '{}': {} is the number of no category", chart.name, x));
      }
    }
  }
}

void check_nothing_done(const QuestionSubject& subject) {
  StoredResults results = made_up_results();
  for (TrialResult& trial : results.trials) {
    trial.status = Status::diverged;
    trial.message = "loss is not finite";
    trial.measurements.clear();
  }
  check_form(subject.ask(results));
  results.trials.clear();
  check_form(subject.ask(results));
}

void check_parts(const QuestionSubject& subject) {
  const Value only_erm = Value::Table{{"method", "erm"}};
  const std::string some =
      text_of(subject.ask(made_up_results(), Value::Table{{"where", only_erm}}));
  require(some.find(kOther) == std::string::npos,
          "where = { method = \"erm\" } leaves the other method in the answer");
  const analysis::Answer parts = subject.ask(made_up_results(), Value::Table{{"by", "method"}});
  check_form(parts);
  require(parts.sentence.find("method = erm") != std::string::npos &&
              parts.sentence.find(fmt::format("method = {}", kOther)) != std::string::npos,
          "by = \"method\" does not answer for each method");
  check_form(subject.ask(made_up_results(), Value::Table{{"selector", "training_domain"}}));
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_question(const Catalog& catalog, const std::string& name,
                                              const Value& options) {
  using namespace conformance;
  const auto& entry = catalog.questions.at(name);
  Checker checker({catalog.questions.kind(), name, options});
  QuestionSubject subject{&catalog, name, RequiredOptions().of(entry.schema.fields)};
  if (options.as_table().empty()) {
    check_entry(checker, entry.info, entry.schema, subject.options);
  }
  for (const auto& [key, value] : options.as_table()) subject.options.as_table()[key] = value;
  const bool made = checker.check("can be made", [&] {
    try {
      require(entry.make({subject.options}) != nullptr, "it makes nothing");
    } catch (const UsageError& error) {
      skip(fmt::format("made-up options do not fit it: {}", error.what()));
    }
  });
  if (!made) return checker.take();
  checker.check("answers made-up results", [&] { check_form(subject.ask(made_up_results())); });
  checker.check("same results, same answer", [&] {
    require(text_of(subject.ask(made_up_results())) == text_of(subject.ask(made_up_results())),
            "two answers from the same results differ");
  });
  checker.check("answers when no trial is done", [&] { check_nothing_done(subject); });
  checker.check("an unknown key is refused", [&] {
    require_refused("an unknown key", [&] {
      return subject.ask(made_up_results(), Value::Table{{"no_such_key", 1}});
    });
  });
  checker.check("where, by and selector are obeyed", [&] { check_parts(subject); });
  return checker.take();
}

}  // namespace spurion
