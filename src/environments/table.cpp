#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "data/table.hpp"
#include "environments/shared/class_labels.hpp"
#include "environments/shared/empirical_world.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

struct TableOptions {
  std::string file = "table_example.csv";
  std::string label = "label";
  std::string task = "classification";
  std::string labels = "as_numbered";
  std::string causal = "causal";
  std::string spurious = "spurious";
  std::string domain = "domain";
  std::vector<std::string> inputs = {"*"};
  std::string test_domain = "test";
  double test_shift = 0.9;
  double validation_share = 0.2;
  double test_share = 0.2;
};

/// An optional column: an empty name or one that is not there means that it was not recorded, but
/// only where nobody asked for it by another name than the default one, and none is called so but
/// for capital letters.
bool has_column(const data::Table& table, const std::string& name,
                const std::string& default_name) {
  if (name.empty()) return false;
  if (table.find(name) != nullptr) return true;
  if (name != default_name) (void)table.at(name);  // throws, with the nearest name
  const auto lower = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
  };
  for (const data::Column& column : table.columns()) {
    if (lower(column.name) != name) continue;
    // Taken for an input, it would tell the model what it must not see.
    throw DataError(
        fmt::format("{0}: there is a column '{1}' but no column '{2}'; set '{3}' of table to "
                    "'{1}', or to \"\" if that column is something else",
                    table.place(), column.name, name, default_name));
  }
  return false;
}

/// Columns play one part each: the same column as label and cue would be a cue that is the label.
void check_parts(const TableOptions& options) {
  const std::pair<const char*, const std::string*> parts[] = {{"label", &options.label},
                                                              {"causal", &options.causal},
                                                              {"spurious", &options.spurious},
                                                              {"domain", &options.domain}};
  for (const auto& [first, column] : parts) {
    for (const auto& [second, other] : parts) {
      if (first == second) break;
      if (column->empty() || *column != *other) continue;
      throw UsageError(
          fmt::format("'{}' and '{}' of table both name the column '{}'", second, first, *column));
    }
  }
}

ClassLabels read_labels(const data::Table& table, const TableOptions& options) {
  const auto in = [&](const std::string& place) {
    return fmt::format("{}: column '{}'", place, options.label);
  };
  return to_classes(table.numbers(options.label),
                    {options.labels == "compact", "labels = \"compact\"", in(table.place()),
                     [&](std::int64_t row) { return in(table.place(row)); }});
}

/// A column of numbers that samples hold as float32.
const std::vector<double>& read_numbers(const data::Table& table, const std::string& name) {
  const std::vector<double>& numbers = table.numbers(name);
  for (std::size_t row = 0; row < numbers.size(); ++row) {
    const std::string problem = float32_problem(numbers[row]);
    if (problem.empty()) continue;
    throw DataError(fmt::format("{}: column '{}': {}", table.place(static_cast<std::int64_t>(row)),
                                name, problem));
  }
  return numbers;
}

std::string trimmed_word(std::string word) {
  word.erase(0, word.find_first_not_of(' '));
  word.erase(word.find_last_not_of(' ') + 1);
  return word;
}

/// Domain names in the order in which they first appear, and the index of each row's.
void read_domains(const data::Table& table, const std::string& name, EmpiricalRows& rows) {
  const data::Column& column = table.at(name);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    // Two ways to write one number are one domain, -0 and 0 too.
    const std::string own = column.numbers.empty() ? trimmed_word(column.words[at])
                                                   : fmt::format("{}", column.numbers[at] + 0.0);
    if (own.empty()) {
      throw DataError(
          fmt::format("{}: column '{}': the row has no domain", table.place(row), name));
    }
    const auto found = std::find(rows.domain_names.begin(), rows.domain_names.end(), own);
    rows.domain.push_back(static_cast<std::size_t>(found - rows.domain_names.begin()));
    if (found == rows.domain_names.end()) rows.domain_names.push_back(own);
    constexpr std::size_t kMostDomains = 1000;
    if (rows.domain_names.size() > kMostDomains) {
      throw DataError(fmt::format("{}: column '{}' has more than {} different domains",
                                  table.place(row), name, kMostDomains));
    }
  }
}

/// Columns that a pattern does not reach: what the model must not see, and what belongs to other
/// rows. A full name, but that of the label, is taken at its word.
bool hidden(const data::Table& table, const TableOptions& options, const std::string& name) {
  if (name == options.label || name == options.domain || name == options.causal) return true;
  // What an export says beside the inputs: groups tell the label, twins are inputs of other rows.
  return table.exported() && name != "x" && name.rfind("x_", 0) != 0;
}

/// Columns that the model sees, each once: in the order of `inputs`, and of the file within one.
std::vector<std::string> input_columns(const data::Table& table, const TableOptions& options) {
  std::vector<std::string> chosen;
  std::unordered_set<std::string> seen;
  for (const std::string& pattern : options.inputs) {
    if (pattern == options.label) {
      throw UsageError(
          fmt::format("'inputs' of table contains the label '{}'; remove it", pattern));
    }
    if (pattern.empty() || pattern.back() != '*') {
      if (seen.insert(table.at(pattern).name).second) chosen.push_back(pattern);
      continue;
    }
    const std::string_view start(pattern.data(), pattern.size() - 1);
    bool any = false;
    for (const data::Column& column : table.columns()) {
      if (column.name.compare(0, start.size(), start) != 0) continue;
      if (hidden(table, options, column.name)) continue;
      if (column.name != options.spurious && column.numbers == table.numbers(options.label)) {
        throw DataError(fmt::format(
            "{}: column '{}' equals the label in every row, and 'inputs' = '{}' contains it; list "
            "the inputs without it, or with its full name if you want it",
            table.place(), column.name, pattern));
      }
      any = true;
      if (seen.insert(column.name).second) chosen.push_back(column.name);
    }
    if (any) continue;
    throw DataError(fmt::format("{}: no column is left for 'inputs' = '{}': {}", table.place(),
                                pattern, unknown_name_message("column", pattern, table.names())));
  }
  if (chosen.empty()) throw DataError(fmt::format("{}: 'inputs' names no column", table.place()));
  return chosen;
}

struct LoadedTable {
  EmpiricalRows rows;
  EnvironmentInfo info;
};

LoadedTable load(const TableOptions& options) {
  check_parts(options);
  const data::Table table = data::read_table(data::find_data_file(options.file));
  LoadedTable out;
  EmpiricalRows& rows = out.rows;
  rows.place = table.place();
  if (options.task == "regression") {
    rows.target = read_numbers(table, options.label);
  } else {
    ClassLabels classes = read_labels(table, options);
    rows.label = std::move(classes.label);
    rows.class_names = std::move(classes.names);
  }
  if (has_column(table, options.causal, "causal")) {
    rows.causal = read_numbers(table, options.causal);
  }
  if (has_column(table, options.spurious, "spurious")) {
    rows.spurious = read_numbers(table, options.spurious);
  }
  if (has_column(table, options.domain, "domain")) read_domains(table, options.domain, rows);
  const std::vector<std::string> inputs = input_columns(table, options);
  const auto width = static_cast<std::int64_t>(inputs.size());
  rows.x = at::empty({table.rows(), width}, at::kFloat);
  float* x = rows.x.data_ptr<float>();
  for (std::int64_t c = 0; c < width; ++c) {
    const std::string& name = inputs[static_cast<std::size_t>(c)];
    const std::vector<double>& numbers = read_numbers(table, name);
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      x[row * width + c] = static_cast<float>(numbers[static_cast<std::size_t>(row)]);
    }
    if (name == options.spurious && !rows.spurious.empty()) rows.cue_column = c;
  }

  EnvironmentInfo& info = out.info;
  info.name = "table";
  info.title = fmt::format("Rows of {}", std::filesystem::path(options.file).filename().string());
  info.citation = "your own data";
  constexpr std::size_t kMostShown = 12;
  const bool all = inputs.size() <= kMostShown;
  info.mechanism = fmt::format(
      "recorded, not generated: {} rows\nx = ({}{})\nlabel = {}\nceilings are frequencies in the "
      "file",
      table.rows(),
      fmt::join(inputs.begin(),
                inputs.begin() + static_cast<std::ptrdiff_t>(std::min(inputs.size(), kMostShown)),
                ", "),
      all ? "" : fmt::format(", ... {} columns", inputs.size()), options.label);
  info.cue = options.spurious.empty() ? "spurious" : options.spurious;
  info.causal = options.causal.empty() ? "causal" : options.causal;
  rows.complete();
  return out;
}

/// What `load` looks at. An environment of another data seed parts the same rows again.
std::string key_of(const TableOptions& options) {
  return fmt::format("table\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", options.file, options.label,
                     options.task, options.labels, options.causal, options.spurious, options.domain,
                     fmt::join(options.inputs, "\n"));
}

/// Rows of a CSV, NPY or NPZ file as an environment. See datasets/table.md.
class TableWorld final : public EmpiricalWorld {
 public:
  using Options = TableOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("file", &Options::file,
                   "CSV, NPY or NPZ file. default: an example that comes with spurion.")
            .data_file()
            .field("label", &Options::label,
                   "Column of the class (0, 1, 2 ...) or of the number to predict.")
            .field("task", &Options::task, "Type of the label.",
                   one_of({"classification", "regression"}))
            .field("labels", &Options::labels,
                   "classes: the file numbers the classes 0, 1, 2 ... without gaps. compact: the "
                   "whole numbers that occur are renumbered.",
                   one_of({"as_numbered", "compact"}))
            .field("causal", &Options::causal,
                   "Column of the causal feature, used for ceilings. The model does not see it.")
            .field("spurious", &Options::spurious,
                   "Column of the cue. Twins need it among the inputs.")
            .field("domain", &Options::domain,
                   "Column of the domain (words or numbers). Empty: all rows are train_0, and the "
                   "test domain is resampled from them at test_shift.")
            .field("inputs", &Options::inputs,
                   "Columns that the model sees. 'name*': all columns that start with this name. "
                   "\"*\": all columns except label, domain and causal (including the cue).")
            .field("test_domain", &Options::test_domain,
                   "The domain that is not used for training.")
            .field("test_shift", &Options::test_shift,
                   "P(cue disagrees with the label) in a resampled test domain.", between(0, 1))
            .field("validation_share", &Options::validation_share,
                   "Probability that a row goes to the validation split.", between(0, 0.9))
            .field("test_share", &Options::test_share,
                   "Probability that a row goes to the test split.", between(0, 0.9));
    return schema;
  }

  TableWorld(const Options& options, const EnvironmentContext& context)
      : TableWorld(options, context.data_seed,
                   loaded_once<LoadedTable>(context.sources.get(), key_of(options),
                                            [&] { return load(options); })) {}

 private:
  TableWorld(const Options& options, std::uint64_t data_seed,
             const std::shared_ptr<const LoadedTable>& loaded)
      : EmpiricalWorld(
            {loaded, &loaded->rows},
            {options.test_domain, options.test_shift, options.validation_share, options.test_share},
            loaded->info, data_seed) {}
};

}  // namespace

void register_table(Catalog& catalog);
void register_table(Catalog& catalog) {
  catalog.environments.add<TableWorld>(
      "table", "Your own rows from a CSV, NPY or NPZ file; ceilings are frequencies.",
      "your own data");
}

}  // namespace spurion::environments
