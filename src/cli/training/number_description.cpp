#include "cli/training/number_description.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/text.hpp"
#include "cli/training/description.hpp"
#include "core/measurement_names.hpp"
#include "data/data_directory.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/error.hpp"
#include "spurion/optimizer.hpp"
#include "spurion/trial.hpp"

namespace spurion::cli {

namespace {

std::string text(const Json& object, const char* key) { return object.at(key).get<std::string>(); }

/// "  unit     share of rows", for what is there.
std::string facts_text(const std::vector<std::pair<const char*, std::string>>& facts, int width) {
  Table table({"", ""});
  for (const auto& [name, fact] : facts) {
    if (!fact.empty()) table.add({name, fact});
  }
  const std::string all = table.text(2, width);
  return all.substr(all.find('\n') + 1);
}

}  // namespace

Json column_facts(const MetricInfo& column) {
  return {{"name", column.name},          {"title", column.title},
          {"meaning", column.meaning},    {"unit", column.unit},
          {"range", column.range_text()}, {"better", better_name(column.better)},
          {"averaged", column.averaged},  {"writer", column.writer}};
}

std::vector<MetricInfo> known_columns(const Catalog& catalog) {
  std::vector<MetricInfo> columns = core::own_metrics();
  for (MetricInfo& column : catalog.metric_columns()) {
    if (core::own_metric(column.name) == nullptr) columns.push_back(std::move(column));
  }
  return columns;
}

Json describe_column(const Catalog& catalog, const std::string& name) {
  for (const MetricInfo& column : known_columns(catalog)) {
    if (!column.names(name) && column.name != name) continue;
    Json out = {{"noun", "column"}, {"name", name}, {"summary", column.meaning}};
    out.update(column_facts(column));
    if (const analysis::Term* term = analysis::find_term(name)) {
      out["term"] = std::string(term->meaning);
    }
    return out;
  }
  throw LogicError("a column that is known");
}

std::string columns_text(const Json& columns, int width) {
  std::string out = "\ncolumns\n";
  Table table({"column", "unit", "range", "better"});
  for (const Json& column : columns) {
    table.add({text(column, "name"), text(column, "unit"), text(column, "range"),
               text(column, "better")});
  }
  out += table.text(2, width);
  Table docs({"", ""});
  for (const Json& column : columns) docs.add({text(column, "name"), text(column, "meaning")});
  const std::string doc_text = docs.text(2, width);
  return out + doc_text.substr(doc_text.find('\n'));
}

std::string column_text(const Json& description, int width) {
  const auto term = description.find("term");
  const std::string meaning =
      term == description.end() ? "" : '\n' + wrapped(term->get<std::string>(), width, 2) + '\n';
  return meaning + facts_text({{"title", text(description, "title")},
                               {"unit", text(description, "unit")},
                               {"range", text(description, "range")},
                               {"better", text(description, "better")},
                               {"written by", text(description, "writer")}},
                              width);
}

Json describe_term(const std::string& name) {
  const analysis::Term* term = analysis::find_term(name);
  SPURION_CHECK(term != nullptr, "a term of the glossary");
  Json see = Json::array();
  for (const std::string_view other : term->see) see.push_back(std::string(other));
  return {{"noun", "term"},
          {"name", std::string(term->name)},
          {"summary", std::string(term->meaning)},
          {"kind", analysis::term_kind_name(term->kind)},
          {"unit", std::string(term->unit)},
          {"range", std::string(term->range)},
          {"see", see}};
}

std::string term_text(const Json& description, int width) {
  const auto see = description.at("see").get<std::vector<std::string>>();
  return facts_text({{"unit", text(description, "unit")},
                     {"range", text(description, "range")},
                     {"see also", fmt::format("{}", fmt::join(see, ", "))}},
                    width);
}

void add_source_facts(const Catalog& catalog, const std::string& name, Json& out) {
  const auto source = catalog.image_sources.at(name).make({Value()});
  const ImageSourceInfo& info = source->info();
  const data::SourceStatus status = data::source_status(name, info, data::data_directory());
  out["title"] = info.title;
  out["holds"] = info.text();
  out["origin_of_files"] = info.origin;
  out["files"] = Json::array();
  for (const ImageFile& file : info.files) {
    out["files"].push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  out["installed"] = status.installed;
  out["folder"] = status.folder.string();
  out["install_command"] = status.install_command;
}

std::string source_text(const Json& description, int width) {
  const bool drawn = description.at("files").empty();
  const bool installed = description.at("installed").get<bool>();
  return facts_text({{"holds", text(description, "holds")},
                     {"files", drawn ? "none: the images are drawn" : text(description, "folder")},
                     {"from", text(description, "origin_of_files")},
                     {"state", drawn       ? ""
                               : installed ? "installed"
                                           : "missing"},
                     {"install", installed ? "" : text(description, "install_command")}},
                    width);
}

std::vector<std::string> plain_sections() {
  std::vector<std::string> names;
  for (const TrialSection& section : TrialSpec().sections()) {
    if (section.component == nullptr) names.emplace_back(section.name);
  }
  return names;
}

Json describe_section(const std::string& name) {
  const bool training = name == "training";
  const bool optimizer = name == "optimizer";
  const std::vector<FieldInfo>& fields = optimizer  ? OptimizerOptions::schema().fields()
                                         : training ? TrainingOptions::schema().fields()
                                                    : EvaluationOptions::schema().fields();
  const char* summary = optimizer ? "How parameters are updated: optimizer = { ... } in a suite."
                        : training
                            ? "How long and on how much data models train: training = { ... } "
                              "in a suite."
                            : "What is measured, and when: evaluation = { ... } in a suite.";
  return {{"noun", "section"},
          {"name", name},
          {"summary", summary},
          {"reference", "-"},
          {"options", option_list(fields)},
          {"presets", Json::array()}};
}

}  // namespace spurion::cli
