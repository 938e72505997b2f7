#include "spurion/suite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/place_of.hpp"
#include "core/safe_name.hpp"
#include "core/text_file.hpp"
#include "harness/suite/search_range.hpp"
#include "harness/suite/suite_fields.hpp"
#include "harness/suite/suite_file.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

/// Reads tables key by key and gathers what is wrong with them.
class Reader {
 public:
  explicit Reader(Problems& problems) : problems_(problems) {}

  void keys(const Value& table, const std::string& owner, const std::vector<std::string>& known) {
    for (const auto& [key, value] : table.as_table()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        problems_.add(core::place_of(value) +
                      core::unknown_name_of("key", key, "in " + owner, known));
      }
    }
  }
  std::string text(const Value& table, const char* key, const std::string& owner, bool required) {
    const Value* value = table.find(key);
    if (value == nullptr) {
      if (required)
        problems_.add(fmt::format("{}{} needs '{}'", core::place_of(table), owner, key));
      return {};
    }
    if (!value->is_string()) {
      wrong(*value, key, owner, "a string");
      return {};
    }
    return value->as_string();
  }
  /// The table's name, which becomes part of names of files.
  std::string name(const Value& table, const std::string& owner) {
    std::string name = text(table, "name", owner, true);
    const Value* value = table.find("name");
    if (value != nullptr && value->is_string() && !core::is_safe_name(name)) {
      wrong(*value, "name", owner, core::kSafeNames);
    }
    return name;
  }
  std::int64_t integer(const Value& table, const char* key, const std::string& owner,
                       std::int64_t fallback, std::int64_t least) {
    const Value* value = table.find(key);
    if (value == nullptr) return fallback;
    if (!value->is_integer() || value->as_integer() < least) {
      wrong(*value, key, owner, fmt::format("an integer >= {}", least).c_str());
      return fallback;
    }
    return value->as_integer();
  }
  bool flag(const Value& table, const char* key, const std::string& owner) {
    const Value* value = table.find(key);
    if (value == nullptr) return false;
    if (value->is_bool()) return value->as_bool();
    wrong(*value, key, owner, "true or false");
    return false;
  }
  std::vector<std::string> texts(const Value& table, const char* key, const std::string& owner) {
    std::vector<std::string> out;
    const Value* value = table.find(key);
    if (value == nullptr) return out;
    if (!value->is_list()) {
      wrong(*value, key, owner, "a list of strings");
      return out;
    }
    for (const Value& item : value->as_list()) {
      if (item.is_string()) {
        out.push_back(item.as_string());
      } else {
        wrong(item, key, owner, "a list of strings");
      }
    }
    return out;
  }
  /// The table under `key`; null when absent or, which is reported, something else.
  const Value* table(const Value& parent, const char* key, const std::string& owner,
                     const char* expected) {
    const Value* value = parent.find(key);
    if (value == nullptr || value->is_table()) return value;
    wrong(*value, key, owner, expected);
    return nullptr;
  }
  /// The list of tables under `key` ([[key]]), empty when absent.
  std::vector<const Value*> tables(const Value& table, const char* key, const std::string& owner) {
    std::vector<const Value*> out;
    const Value* value = table.find(key);
    if (value == nullptr) return out;
    if (!value->is_list()) {
      wrong(*value, key, owner, fmt::format("[[{}]] tables", key).c_str());
      return out;
    }
    for (const Value& item : value->as_list()) {
      if (item.is_table()) {
        out.push_back(&item);
      } else {
        wrong(item, key, owner, fmt::format("[[{}]] tables", key).c_str());
      }
    }
    return out;
  }
  void wrong(const Value& value, const char* key, const std::string& owner, const char* expected) {
    problems_.add(fmt::format("{}'{}' of {} expects {}, got {} {}", core::place_of(value), key,
                              owner, expected, value.type_name(), value.canonical_json()));
  }

 private:
  Problems& problems_;
};

void copy_sections(const Value& from, const std::string& owner, Value& to, Problems& problems) {
  for (const std::string& section : harness::section_names()) {
    const Value* value = from.find(section);
    if (value == nullptr) continue;
    if (!value->is_table()) {
      problems.add(fmt::format("{}'{}' of {} expects a table, got {}", core::place_of(*value),
                               section, owner, value->type_name()));
      continue;
    }
    harness::merge_section(to, section, *value);
  }
}

void read_strategy(const Value& search, const std::string& owner, Experiment& experiment,
                   Reader& reader) {
  const Value* given = search.find("strategy");
  if (given == nullptr) return;
  for (const SearchStrategy strategy : {SearchStrategy::random, SearchStrategy::grid}) {
    if (!given->is_string() || given->as_string() != search_strategy_name(strategy)) continue;
    experiment.search_strategy = strategy;
    return;
  }
  reader.wrong(*given, "strategy", owner + " search", "one of: random, grid");
}

/// Keys must be fields of the search, or options of a section that is one.
void check_search_keys(const Value& table, const std::string& owner, const Experiment& experiment,
                       Reader& reader) {
  std::vector<std::string> known = experiment.search_fields;
  for (const auto& [key, value] : table.as_table()) {
    const std::string section = key.substr(0, key.find('.'));
    if (std::find(known.begin(), known.end(), section) != known.end()) known.push_back(key);
  }
  reader.keys(table, owner, known);
}

void read_ranges(const Value& search, const std::string& owner, Experiment& experiment,
                 Reader& reader, Problems& problems) {
  const Value* ranges =
      reader.table(search, "ranges", owner + " search", "a table of distributions");
  if (ranges == nullptr) return;
  // Ranges of fields that are not searched would be silently without effect.
  check_search_keys(*ranges, owner + " search.ranges", experiment, reader);
  for (const auto& [field, range] : ranges->as_table()) {
    const std::string name = fmt::format("search range of '{}' of {}", field, owner);
    experiment.search_ranges[field] = harness::read_search(range, name, problems);
  }
}

void read_values(const Value& search, const std::string& owner, Experiment& experiment,
                 Reader& reader, Problems& problems) {
  const Value* values = reader.table(search, "values", owner + " search", "a table of lists");
  if (values == nullptr) return;
  check_search_keys(*values, owner + " search.values", experiment, reader);
  for (const auto& [field, list] : values->as_table()) {
    if (!list.is_list() ||
        static_cast<std::int64_t>(list.as_list().size()) != experiment.configurations) {
      problems.add(fmt::format(
          "{}search values of '{}' of {} must be a list of {}, one for each configuration",
          core::place_of(list), field, owner, experiment.configurations));
    } else if (experiment.search_ranges.count(field) != 0) {
      problems.add(fmt::format("{}search field '{}' of {} has both a range and values",
                               core::place_of(list), field, owner));
    } else {
      experiment.search_values[field] = list;
    }
  }
}

Experiment read_experiment(const Value& table, const Value& defaults, std::int64_t seeds,
                           Problems& problems) {
  Reader reader(problems);
  Experiment experiment;
  experiment.name = reader.name(table, "[[experiment]]");
  const std::string owner = fmt::format("experiment '{}'", experiment.name);
  reader.keys(table, owner, harness::experiment_table().keys());
  experiment.title = reader.text(table, "title", owner, false);
  experiment.seeds = reader.integer(table, "seeds", owner, seeds, 1);
  experiment.sections = defaults;
  copy_sections(table, owner, experiment.sections, problems);
  if (const Value* grid = reader.table(table, "grid", owner, "a table of lists")) {
    experiment.grid = *grid;
  }
  if (const Value* search = reader.table(
          table, "search", owner, "a table with configurations, fields, ranges and values")) {
    reader.keys(*search, owner + " search", harness::search_table().keys());
    experiment.search = *search;
    experiment.configurations = reader.integer(*search, "configurations", owner + " search", 1, 1);
    experiment.search_fields = reader.texts(*search, "fields", owner + " search");
    read_strategy(*search, owner, experiment, reader);
    read_ranges(*search, owner, experiment, reader, problems);
    read_values(*search, owner, experiment, reader, problems);
  }
  return experiment;
}

/// What [quick] says, whose experiments must be those of the suite.
QuickSize read_quick(const Value& table, const std::set<std::string>& names, Reader& reader,
                     Problems& problems) {
  QuickSize quick;
  const Value* given = reader.table(table, "quick", "the suite", "a table");
  if (given == nullptr) return quick;
  reader.keys(*given, "[quick]", harness::quick_table().keys());
  quick.seeds = reader.integer(*given, "seeds", "[quick]", 0, 0);
  quick.left_out = reader.flag(*given, "left_out", "[quick]");
  quick.experiments = reader.texts(*given, "experiments", "[quick]");
  for (const std::string& name : quick.experiments) {
    if (names.count(name) != 0) continue;
    problems.add(core::place_of(*given->find("experiments")) +
                 unknown_name_message("experiment", name, {names.begin(), names.end()}));
  }
  return quick;
}

/// Numbers of seeds, rising, of which the experiments have as many.
std::vector<std::int64_t> read_looks(const Value& stopping, std::int64_t most_seeds,
                                     Reader& reader) {
  std::vector<std::int64_t> looks;
  const Value* given = stopping.find("looks");
  if (given == nullptr) return looks;
  bool right = given->is_list();
  for (const Value& one : right ? given->as_list() : Value::List{}) {
    right = right && one.is_integer() && one.as_integer() >= 2 &&
            (looks.empty() || one.as_integer() > looks.back());
    if (right) looks.push_back(one.as_integer());
  }
  if (!right || (!looks.empty() && looks.back() > most_seeds)) {
    reader.wrong(*given, "looks", "[stopping]",
                 fmt::format("a list of numbers of seeds >= 2, rising, none beyond {}, the most "
                             "seeds of an experiment",
                             most_seeds)
                     .c_str());
    return {};
  }
  return looks;
}

/// What [stopping] says; `most_seeds`: of an experiment.
Stopping read_stopping(const Value& table, std::int64_t most_seeds, Reader& reader) {
  Stopping stopping;
  const Value* given = reader.table(table, "stopping", "the suite", "a table");
  if (given == nullptr) return stopping;
  reader.keys(*given, "[stopping]", harness::stopping_table().keys());
  if (const Value* when = given->find("stop_when")) {
    stopping.when_decided = when->is_string() && when->as_string() == "decided";
    if (!stopping.when_decided && !(when->is_string() && when->as_string() == "never")) {
      reader.wrong(*when, "stop_when", "[stopping]", "one of: decided, never");
    }
  }
  stopping.looks = read_looks(*given, most_seeds, reader);
  if (const Value* margin = given->find("margin")) {
    const bool right = margin->is_number() && margin->as_number() >= 0.0;
    if (right) stopping.margin = margin->as_number();
    if (!right) reader.wrong(*margin, "margin", "[stopping]", "a number >= 0");
  }
  return stopping;
}

AskedQuestion read_question(const Value& entry, const std::set<std::string>& names, Reader& reader,
                            Problems& problems) {
  AskedQuestion question;
  question.text = reader.text(entry, "text", "[[question]]", true);
  question.kind = reader.text(entry, "kind", "[[question]]", true);
  question.experiment = reader.text(entry, "experiment", "[[question]]", true);
  question.options = entry;
  if (!question.experiment.empty() && names.count(question.experiment) == 0) {
    problems.add(
        core::place_of(*entry.find("experiment")) +
        unknown_name_message("experiment", question.experiment, {names.begin(), names.end()}));
  }
  return question;
}

}  // namespace

const char* search_strategy_name(SearchStrategy strategy) {
  return strategy == SearchStrategy::grid ? "grid" : "random";
}

Suite Suite::parse(const std::string& text, const std::string& file_name) {
  const Value table = parse_toml(text, file_name);
  Problems problems;
  Reader reader(problems);
  Suite suite;
  suite.text = text;
  reader.keys(table, "the suite", harness::suite_table().keys());
  suite.name = reader.name(table, "the suite");
  suite.title = reader.text(table, "title", "the suite", false);
  suite.base_seed = reader.integer(table, "base_seed", "the suite", 0, 0);
  suite.plugins = reader.texts(table, "plugins", "the suite");
  const std::int64_t seeds = reader.integer(table, "seeds", "the suite", 1, 1);
  Value defaults;
  if (const Value* given = reader.table(table, "defaults", "the suite", "a table")) {
    reader.keys(*given, "[defaults]", harness::section_names());
    copy_sections(*given, "[defaults]", defaults, problems);
  }
  std::set<std::string> names;
  for (const Value* entry : reader.tables(table, "experiment", "the suite")) {
    suite.experiments.push_back(read_experiment(*entry, defaults, seeds, problems));
    const std::string& name = suite.experiments.back().name;
    if (!names.insert(name).second) {
      problems.add(fmt::format("{}experiment '{}' appears twice", core::place_of(*entry), name));
    }
  }
  if (suite.experiments.empty()) {
    problems.add(fmt::format("{}: the suite has no [[experiment]]", file_name));
  }
  for (const Value* entry : reader.tables(table, "question", "the suite")) {
    suite.questions.push_back(read_question(*entry, names, reader, problems));
  }
  suite.quick = read_quick(table, names, reader, problems);
  std::int64_t most_seeds = 0;
  for (const Experiment& one : suite.experiments) most_seeds = std::max(most_seeds, one.seeds);
  suite.stopping = read_stopping(table, most_seeds, reader);
  problems.raise();
  return suite;
}

Suite Suite::quick_part() const {
  Suite part = *this;
  part.quick = {};
  part.stopping = {};  // a quick check has few seeds as it is
  const auto kept = [&](const std::string& name) {
    const auto& names = quick.experiments;
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  auto& all = part.experiments;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const Experiment& one) { return !kept(one.name); }),
            all.end());
  for (Experiment& one : all) {
    if (quick.seeds > 0) one.seeds = std::min(one.seeds, quick.seeds);
  }
  auto& asked = part.questions;
  asked.erase(std::remove_if(asked.begin(), asked.end(),
                             [&](const AskedQuestion& one) { return !kept(one.experiment); }),
              asked.end());
  return part;
}

Suite Suite::load(const std::string& name_or_file) {
  const std::filesystem::path path = harness::suite_file(name_or_file);
  return parse(core::read_text(path), path.filename().string());
}

}  // namespace spurion
