#include "analysis/asked_question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/place_of.hpp"
#include "spurion/error.hpp"

namespace spurion {

const Schema<CommonQuestionOptions>& CommonQuestionOptions::schema() {
  using Options = CommonQuestionOptions;
  static const auto built =
      Schema<Options>()
          .field("text", &Options::text, "The question as the report prints it.")
          .required()
          .field("kind", &Options::kind, "What is asked: one of `spurion list questions`.")
          .required()
          .field("experiment", &Options::experiment, "The experiment that is asked about.")
          .names(FieldUse::experiment)
          .required()
          .field("where", &Options::where,
                 "Only trials with these values: { \"model.width\" = 16, method = \"erm\" }.")
          .names(FieldUse::trial_field)
          .field("by", &Options::by,
                 "Answer once for each value of this field of the trials, such as "
                 "\"environment.label_noise\" or \"model\". Empty: once for all of them.")
          .names(FieldUse::trial_field)
          .field("selector", &Options::selector,
                 "Of the hyper-parameter samples of each configuration keep the one with the best "
                 "mean score over seeds. The selector says which score: one of `spurion list "
                 "selectors`. none keeps all.")
          .field("early_stopping", &Options::early_stopping,
                 "Take each trial as it was at the update that the selector scores best, of those "
                 "that were measured (evaluation.every).")
          .field("tune_per_scale", &Options::tune_per_scale,
                 "Whether the selector chooses at each value of the question's axis by itself: "
                 "hyper-parameters are tuned anew at every scale. false: one sample for all of "
                 "them, that with the best mean score over scales and seeds.");
  return built;
}

namespace analysis {

namespace {

std::vector<std::string> names_of(const std::vector<FieldInfo>& fields) {
  std::vector<std::string> names;
  for (const FieldInfo& field : fields) names.push_back(field.name);
  return names;
}

bool contains(const std::vector<FieldInfo>& fields, const std::string& name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const FieldInfo& field) { return field.name == name; });
}

/// The table of a question with the keys that a program gives as members.
Value whole_table(const AskedQuestion& asked) {
  Value table = asked.options;
  for (const auto& [key, text] : {std::pair("text", &asked.text), std::pair("kind", &asked.kind),
                                  std::pair("experiment", &asked.experiment)}) {
    if (table.find(key) == nullptr) table.as_table()[key] = *text;
  }
  return table;
}

/// The texts of a string or of a list of strings.
std::vector<std::string> texts_of(const Value& value) {
  std::vector<std::string> texts;
  if (value.is_string()) texts.push_back(value.as_string());
  if (!value.is_list()) return texts;
  for (const Value& item : value.as_list()) {
    if (item.is_string()) texts.push_back(item.as_string());
  }
  return texts;
}

/// The options that the axes of a question name.
std::set<std::string> axes_of(const std::vector<FieldInfo>& fields, const Value& own) {
  std::set<std::string> axes;
  for (const FieldInfo& field : fields) {
    if (field.use != FieldUse::axis) continue;
    const Value* given = own.find(field.name);
    for (const std::string& name : texts_of(given == nullptr ? field.default_value : *given)) {
      if (name.find('.') != std::string::npos && !is_cost_axis(name)) axes.insert(name);
    }
  }
  return axes;
}

void check_selection(const ReadQuestion& read, const Selectors& selectors, const Value& table,
                     Problems& problems) {
  const CommonQuestionOptions& common = read.common;
  const bool none = common.selector == "none";
  if (!none && !selectors.contains(common.selector)) {
    std::vector<std::string> names = selectors.names();
    names.insert(names.begin(), "none");
    const Value* given = table.find("selector");
    problems.add((given == nullptr ? std::string() : core::place_of(*given)) +
                 unknown_name_message(selectors.kind(), common.selector, names));
  }
  const Value* stopping = table.find("early_stopping");
  if (none && common.early_stopping && stopping != nullptr) {
    problems.add(core::place_of(*stopping) +
                 "early_stopping needs a selector, which says what the best update is");
  }
  const Value* tuning = table.find("tune_per_scale");
  if (tuning != nullptr && none) {
    problems.add(core::place_of(*tuning) + "tune_per_scale needs a selector, which tunes");
  } else if (tuning != nullptr && !common.tune_per_scale && read.axes.empty()) {
    problems.add(core::place_of(*tuning) +
                 "tune_per_scale = false needs a question with an axis that is an option, such as "
                 "\"model.width\": its values are the scales");
  }
}

}  // namespace

std::string called(const AskedQuestion& asked) {
  return fmt::format("a question of kind '{}'", asked.kind);
}

std::vector<FieldInfo> fields_of(const std::string& kind, const QuestionKinds& kinds) {
  std::vector<FieldInfo> fields = CommonQuestionOptions::schema().fields();
  const std::vector<FieldInfo>& own = kinds.at(kind).schema.fields;
  fields.insert(fields.end(), own.begin(), own.end());
  return fields;
}

ReadQuestion read_question(const AskedQuestion& asked, const QuestionKinds& kinds,
                           Problems& problems) {
  ReadQuestion read;
  read.experiments.insert(asked.experiment);
  const Value table = whole_table(asked);
  if (!kinds.contains(asked.kind)) {
    problems.add(core::place_of(*table.find("kind")) +
                 unknown_name_message(kinds.kind(), asked.kind, kinds.names()));
    return read;
  }
  const QuestionKinds::Entry& entry = kinds.at(asked.kind);
  const std::vector<FieldInfo>& common = CommonQuestionOptions::schema().fields();
  Value shared = Value::Table{};
  Value own = Value::Table{};
  shared.set_where(table.where());
  own.set_where(table.where());
  for (const auto& [key, value] : table.as_table()) {
    if (contains(common, key)) {
      shared.as_table()[key] = value;
    } else if (contains(entry.schema.fields, key)) {
      own.as_table()[key] = value;
    } else {
      problems.add(core::place_of(value) +
                   unknown_name_message("key of " + called(asked), key,
                                        names_of(fields_of(asked.kind, kinds))));
    }
  }
  const std::size_t before = problems.list().size();
  read.common = CommonQuestionOptions::schema().parse(shared, called(asked), problems);
  entry.schema.normalise(own, called(asked), problems);
  for (const FieldInfo& field : entry.schema.fields) {
    const Value* value = own.find(field.name);
    if (field.use != FieldUse::experiment || value == nullptr) continue;
    for (const std::string& name : texts_of(*value)) read.experiments.insert(name);
  }
  read.axes = axes_of(entry.schema.fields, own);
  check_selection(read, kinds.selectors, shared, problems);
  if (problems.list().size() > before) return read;
  try {
    read.kind = entry.make({own});
  } catch (const UsageError& error) {
    problems.add(fmt::format("{}{}: {}", core::place_of(table), called(asked), error.what()));
  }
  return read;
}

}  // namespace analysis
}  // namespace spurion
