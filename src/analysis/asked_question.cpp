#include "analysis/asked_question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/measurement_names.hpp"
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
          .field("selection_domain", &Options::selection_domain,
                 "Of the hyper-parameter samples of each configuration keep the one with the best "
                 "mean score over seeds on validation rows: of the training domains "
                 "(in_distribution), or of the test domain (test: an oracle). none keeps all.",
                 one_of({"none", core::stored_domain(core::MeasuredIn::in_distribution),
                         core::stored_domain(core::MeasuredIn::test)}));
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
