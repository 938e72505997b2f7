#include "harness/suite/suite_fields.hpp"

#include <utility>

#include "harness/suite/trial_sections.hpp"

namespace spurion::harness {

namespace {

FieldInfo field(const char* name, const char* type, const char* doc, Value fallback,
                bool required = false) {
  FieldInfo info;
  info.name = name;
  info.type = type;
  info.doc = doc;
  info.default_value = std::move(fallback);
  info.required = required;
  return info;
}

}  // namespace

std::vector<std::string> SuiteTable::keys() const {
  std::vector<std::string> names;
  for (const FieldInfo& one : fields) names.push_back(one.name);
  return names;
}

const SuiteTable& suite_table() {
  static const SuiteTable table = {
      "",
      {field("name", "string", "Name of the suite and of its results folder: letters, digits, _-+.",
             "", true),
       field("title", "string", "Title of the report.", ""),
       field("base_seed", "integer", "Added to the seed of every trial.", 0),
       field("seeds", "integer", "How many seeds each experiment has, unless it says so itself.",
             1),
       field("plugins", "list of strings", "Files of plug-ins that the suite needs.",
             Value::List{}),
       field("defaults", "table", "Sections of a trial from which every experiment starts.",
             Value::Table{}),
       field("quick", "table",
             "The part that 'spurion verify --size quick' runs. Without it that is all.",
             Value::Table{}),
       field("stopping", "table",
             "Whether the run stops before all seeds are trained. Without it all are trained.",
             Value::Table{}),
       field("experiment", "list of tables", "Grids of trials: one [[experiment]] each.",
             Value::List{}, true),
       field(
           "question", "list of tables",
           "What is asked of the results: one [[question]] each. Without any, the report compares "
           "the methods of each experiment.",
           Value::List{})}};
  return table;
}

const SuiteTable& experiment_table() {
  static const SuiteTable table = [] {
    SuiteTable built = {
        "[[experiment]]",
        {field("name", "string", "Name of the experiment, by which questions ask for it.", "",
               true),
         field("title", "string", "What the experiment is for.", ""),
         field("seeds", "integer", "How many seeds each trial of the grid has.", 1),
         field(
             "grid", "table",
             "The product of these lists: \"section.option\" or a section, each with the values to "
             "try.",
             Value::Table{}),
         field("search", "table", "A search over options: [experiment.search].", Value::Table{})}};
    for (const std::string& section : section_names()) {
      built.fields.push_back(field(section.c_str(), "table",
                                   "A section of the trials. It overrides that of [defaults].",
                                   Value::Table{}));
    }
    return built;
  }();
  return table;
}

const SuiteTable& search_table() {
  static const SuiteTable table = {
      "[experiment.search]",
      {field("configurations", "integer", "How many configurations each method gets.", 1),
       field(
           "strategy", "string",
           "How the configurations are laid out: random, or grid: evenly spaced quantiles of each "
           "field's distribution.",
           "random"),
       field(
           "fields", "list of strings",
           "The options that are drawn: \"section.option\", or a section alone: all of its options "
           "that have a distribution and that the experiment does not set.",
           Value::List{}),
       field("ranges", "table",
             "Distributions by option, instead of those that `describe` shows: { log_uniform = "
             "[1e-4, 1e-2] }.",
             Value::Table{}),
       field("values", "table", "Values by option, one a configuration, instead of random ones.",
             Value::Table{})}};
  return table;
}

const SuiteTable& quick_table() {
  static const SuiteTable table = {
      "[quick]",
      {field("seeds", "integer", "At most so many seeds of each experiment. 0: all.", 0),
       field("left_out", "boolean", "Whether no part of the suite is quick.", false),
       field("experiments", "list of strings", "The experiments that are run. Without any, all.",
             Value::List{})}};
  return table;
}

const SuiteTable& stopping_table() {
  static const SuiteTable table = {
      "[stopping]",
      {field(
           "stop_when", "string",
           "decided: an experiment gets no further seeds once all questions about it are decided. "
           "never: all seeds are trained.",
           "never"),
       field(
           "looks", "list of integers",
           "Numbers of seeds at which the questions are answered, rising. The last look is always "
           "at all seeds. The looks share the level of 0.05: few seeds get little of it, so that "
           "the last look keeps most. Without any: a quarter, half and all seeds.",
           Value::List{}),
       field(
           "margin", "number",
           "A difference that is shown to be nearer to 0 than this needs no further seeds either. "
           "0: every difference is of interest.",
           0.0)}};
  return table;
}

}  // namespace spurion::harness
