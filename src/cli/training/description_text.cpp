#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/text.hpp"
#include "cli/training/description.hpp"
#include "cli/training/number_description.hpp"
#include "core/measurement_names.hpp"

namespace spurion::cli {

namespace {

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined(const Json& list, const char* when_empty) {
  std::vector<std::string> items;
  for (const Json& item : list) items.push_back(text_of(item));
  return items.empty() ? when_empty : fmt::format("{}", fmt::join(items, ", "));
}

std::string heading(const char* title) { return fmt::format("\n{}\n", title); }

std::string default_text(const Json& option) {
  if (option.at("required").get<bool>()) return "(required)";
  return option.at("default").is_null() ? "none" : text_of(option.at("default"));
}

/// A table of options under a heading, and those of each of their own tables.
std::string options_text(const Json& options, int columns, const char* title = "options") {
  if (options.empty()) return heading(title) + "  none\n";
  const auto has = [&](const char* key) {
    return std::any_of(options.begin(), options.end(),
                       [&](const Json& one) { return !one.at(key).get<std::string>().empty(); });
  };
  const bool searched = has("search");
  std::vector<std::string> header = {"option", "type", "default", "allowed"};
  if (searched) header.emplace_back("random search samples");
  Table table(header);
  bool per_replica = false;
  for (const Json& option : options) {
    const bool varies = option.at("per_replica").get<bool>();
    per_replica = per_replica || varies;
    std::vector<std::string> row = {
        text_of(option.at("name")) + (varies ? "*" : ""), text_of(option.at("type")),
        default_text(option),
        option.at("allowed").get<std::string>().empty() ? "any" : text_of(option.at("allowed"))};
    if (searched) {
      row.push_back(option.at("search").get<std::string>().empty() ? "-"
                                                                   : text_of(option.at("search")));
    }
    table.add(row);
  }
  std::string out = heading(title) + table.text(2, columns);
  if (per_replica) out += "  * may differ between trials that train together\n";
  Table docs({"", ""});
  for (const Json& option : options)
    docs.add({text_of(option.at("name")), text_of(option.at("doc"))});
  const std::string doc_text = docs.text(2, columns);
  out += doc_text.substr(doc_text.find('\n'));
  for (const Json& option : options) {
    const auto nested = option.find("options");
    if (nested == option.end()) continue;
    out += options_text(*nested, columns,
                        fmt::format("each table of '{}'", text_of(option.at("name"))).c_str());
  }
  return out;
}

std::string presets_text(const Json& presets, int columns) {
  if (presets.empty()) return {};
  Table table({"preset", "what it sets"});
  for (const Json& preset : presets) {
    table.add({text_of(preset.at("name")), text_of(preset.at("doc"))});
  }
  return heading("presets (preset = \"name\" instead of the options)") + table.text(2, columns);
}

std::string number(double value) { return fmt::format("{:.4f}", value); }

/// A bound in one digit, never less than it is.
std::string bound_text(double bound) {
  const double digit = std::pow(10.0, std::floor(std::log10(bound)));
  return fmt::format("{:.1g}", std::ceil(bound / digit - 1e-9) * digit);
}

/// With its error bound, where the digits that are shown depend on it.
std::string bounded(const Json& ceiling) {
  constexpr double kHalfDigit = 5e-5;
  const double bound = ceiling.at("error_bound");
  const std::string error = bound < kHalfDigit ? "" : " \u00b1" + bound_text(bound);
  return number(ceiling.at("value")) + error;
}

bool is_shift_value(const std::string& domain) {
  return core::parse_domain(domain).in == core::MeasuredIn::shift_value;
}

/// Whose environment it is, where another seed's has other numbers.
std::string seed_text(const Json& description) {
  if (!description.at("depends_on_seed").get<bool>()) return {};
  return fmt::format(
      "These numbers hold for seed {} and base seed {}, the defaults of 'spurion export'. Other "
      "seeds give other numbers.",
      text_of(description.at("seed")), text_of(description.at("base_seed")));
}

/// The headers of the columns of shifts: the shift, or the cues if there are several.
std::vector<std::string> shift_names(const Json& description) {
  std::vector<std::string> names;
  for (const Json& cue : description.at("cues")) names.push_back(cue.at("cue"));
  if (names.empty()) names.push_back(description.at("shift").at("name"));
  return names;
}

/// A mean of shifts may have many digits.
std::string shift_text(const Json& shift) { return fmt::format("{:.6g}", shift.get<double>()); }

void add_shifts(const Json& row, std::vector<std::string>& cells) {
  for (const Json& shift : row.at("shifts")) {
    cells.push_back(shift_text(shift));
  }
}

constexpr std::pair<const char*, const char*> kCeilings[] = {{"bayes", "Bayes"},
                                                             {"invariant", "invariant"},
                                                             {"spurious_only", "spurious only"},
                                                             {"population_erm", "population ERM"}};

constexpr const char* kCeilingsLegend =
    "Bayes: best of all predictors in this domain. Invariant: best predictor from causal features "
    "that is the same in every domain. Chance: best constant. Spurious only and population ERM are "
    "no ceilings: they are the scores, in this domain, of the train-optimal predictor from the cue "
    "alone and of the minimiser of the pooled training risk.";

/// "train_0, test, shift 0 to 0.9": rows of the table, those of the shift that follow each other
/// drawn together.
std::string rows_named(const Json& rows, const std::vector<std::size_t>& chosen) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Json& row = rows.at(chosen[i]);
    const std::string name = row.at("domain");
    if (!is_shift_value(name)) {
      names.push_back(name);
      continue;
    }
    std::size_t last = i;
    while (last + 1 < chosen.size() && chosen[last + 1] == chosen[last] + 1) ++last;
    const double from = row.at("shift");
    const double to = rows.at(chosen[last]).at("shift");
    names.push_back(last == i ? fmt::format("shift {}", from)
                              : fmt::format("shift {} to {}", from, to));
    i = last;
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// How the ceilings of a kind were computed: one way, or which rows in which way; and how far off
/// they may be.
std::string how_computed(const Json& rows, const char* key) {
  std::map<std::string, std::vector<std::size_t>> ways;
  std::map<std::string, double> bounds;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json& ceiling = rows.at(i).at(key);
    if (ceiling.is_null()) continue;
    const std::string way = ceiling.at("exactness");
    ways[way].push_back(i);
    bounds[way] = std::max(bounds[way], ceiling.at("error_bound").get<double>());
  }
  std::vector<std::string> parts;
  for (const auto& [way, chosen] : ways) {
    std::string part = way;
    if (bounds[way] > 0.0) part += " within " + bound_text(bounds[way]);
    if (ways.size() > 1) part += fmt::format(" ({})", rows_named(rows, chosen));
    parts.push_back(part);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string ceilings_text(const Json& description, int columns) {
  // Of several cues the one that the shift moves: where the others are, the table of domains says.
  std::vector<std::string> header = {"domain", description.at("shift").at("name")};
  for (const auto& [key, name] : kCeilings) header.emplace_back(name);
  header.emplace_back("chance");
  Table table(header);
  const Json& rows = description.at("ceilings");
  for (const Json& row : rows) {
    const std::string name = row.at("domain");
    std::vector<std::string> cells = {is_shift_value(name) ? "shift" : name,
                                      shift_text(row.at("shifts").front())};
    for (const auto& [key, title] : kCeilings) {
      const Json& ceiling = row.at(key);
      cells.push_back(ceiling.is_null() ? "-" : bounded(ceiling));
    }
    cells.push_back(number(row.at("chance")));
    table.add(cells);
  }
  std::vector<std::string> notes;
  for (const auto& [key, name] : kCeilings) {
    const std::string how = how_computed(rows, key);
    if (!how.empty()) notes.push_back(fmt::format("{}: {}", name, how));
  }
  std::string out = fmt::format("\nceilings: {}\n{}{}{}", text_of(description.at("score")),
                                table.text(2, columns), wrapped(kCeilingsLegend, columns, 2),
                                wrapped(fmt::format("{}", fmt::join(notes, "; ")), columns, 2));
  const std::string seed = seed_text(description);
  if (!seed.empty()) out += wrapped(seed, columns, 2);
  return out;
}

/// In environments with several cues the same can be done to most of them: said once for all these.
std::string interventions_text(const Json& description) {
  if (description.at("cues").empty()) {
    return "interventions: " + joined(description.at("interventions"), "none");
  }
  const std::string begin = "do(";
  const std::string middle = " := ";
  std::vector<std::string> variables;
  std::map<std::string, std::string> actions;
  for (const Json& one : description.at("interventions")) {
    const std::string text = one;
    const std::size_t at = text.find(middle);
    const std::string variable = text.substr(begin.size(), at - begin.size());
    if (actions.count(variable) == 0) variables.push_back(variable);
    std::string& own = actions[variable];
    own += (own.empty() ? "do(it" : ", do(it") + text.substr(at);
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const std::string& own = actions[variables[i]];
    if (own.empty()) continue;  // said already
    const std::string same = own;
    std::vector<std::string> together;
    for (std::size_t j = i; j < variables.size(); ++j) {
      std::string& other = actions[variables[j]];
      if (other != same) continue;
      together.push_back(variables[j]);
      other.clear();
    }
    parts.push_back(fmt::format("{}: {}", fmt::join(together, ", "), same));
  }
  return fmt::format("interventions on {}", fmt::join(parts, "; on "));
}

std::string rows_text(const Json& limit) { return limit.is_null() ? "unlimited" : text_of(limit); }

std::string environment_text(const Json& description, int columns) {
  if (const auto reason = description.find("unavailable"); reason != description.end()) {
    return heading("mechanism, graph, shift and ceilings") + wrapped(text_of(*reason), columns, 2);
  }
  std::string out = heading("mechanism");
  out += wrapped(description.at("title"), columns, 2);
  out += wrapped(description.at("mechanism"), columns, 4);
  if (!description.at("deviations").get<std::string>().empty()) {
    out += wrapped("differs from the source: " + text_of(description.at("deviations")), columns, 2);
  }
  out += heading("causal graph");
  out += wrapped(description.at("graph").at("edges"), columns, 2);
  Table variables({"variable", "role", ""});
  for (const Json& variable : description.at("graph").at("variables")) {
    variables.add({variable.at("name"), variable.at("role"), variable.at("doc")});
  }
  out += variables.text(2, columns);
  out += wrapped(interventions_text(description), columns, 2);

  const Json& axis = description.at("shift");
  out += heading("shift");
  out +=
      wrapped(fmt::format("{} in [{}, {}]: {}", text_of(axis.at("name")), text_of(axis.at("low")),
                          text_of(axis.at("high")), text_of(axis.at("doc"))),
              columns, 2);
  if (axis.at("mixture").get<bool>()) {
    out +=
        "  the score of a fixed predictor is affine in the shift, so one set of twins gives the "
        "whole curve\n";
  }
  if (!description.at("cues").empty()) {
    out += wrapped("each cue has a shift of its own:", columns, 2);
    for (const Json& cue : description.at("cues")) {
      out +=
          wrapped(fmt::format("{} in [{}, {}]: {}", text_of(cue.at("cue")), text_of(cue.at("low")),
                              text_of(cue.at("high")), text_of(cue.at("doc"))),
                  columns, 4);
    }
  }
  out += heading("domains");
  std::vector<std::string> header = {"domain"};
  for (const std::string& name : shift_names(description)) header.push_back(name);
  header.insert(header.end(), {"training rows", "held-out rows"});
  Table domains(header);
  for (const Json& domain : description.at("domains")) {
    std::vector<std::string> cells = {domain.at("name")};
    add_shifts(domain, cells);
    cells.push_back(rows_text(domain.at("train_rows")));
    cells.push_back(rows_text(domain.at("test_rows")));
    domains.add(cells);
  }
  out += domains.text(2, columns);
  out += fmt::format("  a row: {} float32, {}", text_of(description.at("input_shape")),
                     text_of(description.at("task")));
  if (description.at("groups").get<std::int64_t>() > 0) {
    out += fmt::format(", {} groups", text_of(description.at("groups")));
  }
  out += '\n';
  for (const Json& line : description.at("row_notes")) out += wrapped(line, columns, 2);
  return out + ceilings_text(description, columns) + acting_text(description, columns);
}

std::string suite_file_text(const Json& description, int columns) {
  std::string out;
  for (const Json& table : description.at("tables")) {
    const std::string title = text_of(table.at("heading"));
    out += options_text(table.at("options"), columns, title.empty() ? "the file" : title.c_str());
  }
  return out + wrapped(
                   "A [[question]] also has the keys of its kind: 'spurion list questions', "
                   "'spurion describe KIND'.",
                   columns, 0);
}

std::string suite_text(const Json& description, int columns) {
  std::string out;
  if (const auto reason = description.find("unavailable"); reason != description.end()) {
    out += heading("this suite cannot run") + wrapped(text_of(*reason), columns, 2);
  } else {
    out += "\n" + text_of(description.at("grid"));
    out += fmt::format("{} in all\n", count(description.at("trials"), "trial"));
  }
  out += heading("questions");
  for (const Json& question : description.at("questions")) {
    out += wrapped(fmt::format("{} ({} of {})", text_of(question.at("text")),
                               text_of(question.at("kind")), text_of(question.at("experiment"))),
                   columns, 2);
  }
  return out;
}

}  // namespace

std::string description_text(const Json& description, int columns) {
  const std::string noun = description.at("noun");
  std::string out = fmt::format("{} {}", noun, text_of(description.at("name")));
  if (const auto origin = description.find("origin"); origin != description.end()) {
    out += fmt::format(" ({})", text_of(*origin));
  }
  out += '\n' + wrapped(description.at("summary"), columns, 2);
  if (noun == "suite") return out + suite_text(description, columns);
  if (noun == "suite file") return out + suite_file_text(description, columns);
  if (noun == "column") return out + column_text(description, columns);
  if (noun == "term") return out + term_text(description, columns);
  const std::string reference = description.at("reference");
  if (reference != "-") out += wrapped(reference, columns, 2);
  if (noun == "environment") out += environment_text(description, columns);
  if (noun == "metric") out += columns_text(description.at("columns"), columns);
  if (noun == "image source") out += source_text(description, columns);
  if (noun == "method") {
    out += fmt::format("\nneeds to see: {}\n", joined(description.at("needs"), "labels only"));
    out += fmt::format("computes from: {}\n", description.at("path").get<std::string>());
    if (description.at("second_order").get<bool>()) {
      out += "differentiates gradients: about " + text_of(description.at("cost_factor")) +
             " times the work of erm\n";
    }
  }
  if (noun == "probe") {
    out += fmt::format("\nsees: {}\n", text_of(description.at("sees")));
    out +=
        description.at("evidence") == "use"
            ? "finds: how far the output depends on the cue\n"
            : "finds: whether a layer holds the cue; it is blind to whether the output uses it\n";
    out +=
        description.at("penalty").get<bool>()
            ? "can be a penalty in a loss (probe_penalty)\n"
            : "cannot be a penalty in a loss (`spurion describe probe_penalty` says which can)\n";
  }
  if (noun == "selector") out += fmt::format("\nreads: {}\n", text_of(description.at("reads")));
  if (noun == "regime") {
    out += fmt::format("\nlets methods see: {}\n", joined(description.at("grants"), "labels only"));
  }
  out += options_text(description.at("options"), columns);
  if (const auto common = description.find("common"); common != description.end()) {
    out += options_text(*common, columns, "keys of every question");
  }
  return out + presets_text(description.at("presets"), columns);
}

}  // namespace spurion::cli
