#include "report/card_head.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "core/counted.hpp"

namespace spurion::report {

namespace {

/// Text inside a cell of a table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(const std::string& text) { return fmt::format("`{}`", text); }

/// A table; empty without rows.
std::string table(const std::vector<std::string>& header,
                  const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  std::string out = fmt::format("| {} |\n|{}\n", fmt::join(header, " | "),
                                fmt::join(std::vector<std::string>(header.size(), "---|"), ""));
  for (const std::vector<std::string>& row : rows) {
    std::vector<std::string> cells;
    for (const std::string& one : row) cells.push_back(cell(one));
    out += fmt::format("| {} |\n", fmt::join(cells, " | "));
  }
  return out + "\n";
}

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + "\n\n";
}

/// "binary task, rows of 2 x 14 x 14 numbers, 4 groups, scored by accuracy".
std::string shape_text(const EnvironmentFacts& facts) {
  const std::string task = facts.task == Task::multiclass ? fmt::format("{} classes", facts.outputs)
                                                          : std::string(task_name(facts.task));
  const std::string groups = facts.groups == 0 ? "no groups" : core::counted(facts.groups, "group");
  return fmt::format("Task: {}; {} numbers a row; {}; score: {}.", task,
                     fmt::join(facts.input_shape, " x "), groups,
                     facts.score == Score::accuracy ? "accuracy" : "mean squared error");
}

std::string graph_text(const CausalGraph& graph) {
  std::vector<std::vector<std::string>> rows;
  for (const Variable& variable : graph.variables) {
    rows.push_back({code(variable.name), role_name(variable.role), variable.doc});
  }
  return table({"variable", "role", "value"}, rows) + fmt::format("Edges: {}.\n\n", graph.text());
}

std::string shift_text(const EnvironmentFacts& facts) {
  const ShiftAxis& axis = facts.shift_axis;
  std::string out =
      fmt::format("Shift: {} in [{}, {}]: {}.", axis.name, axis.low, axis.high, axis.doc);
  out += fmt::format(" Train domains: {}. Test domain: {}.", fmt::join(facts.train_shifts, ", "),
                     *facts.test_shift);
  if (facts.affine_shift) out += " The score of a fixed predictor is affine in the shift.";
  out += "\n\n";
  std::vector<std::vector<std::string>> rows;
  for (const Cue& cue : facts.cues) {
    rows.push_back({code(cue.name), cue.doc, fmt::format("[{}, {}]", cue.low, cue.high)});
  }
  out += table({"cue", "its shift", "range"}, rows);
  if (facts.interventions.empty()) return out;
  return out + fmt::format("Interventions: {}.\n\n", fmt::join(facts.interventions, ", "));
}

std::string options_text(const AnySchema& schema) {
  std::vector<std::vector<std::string>> options;
  for (const FieldInfo& field : schema.fields) {
    options.push_back({code(field.name), code(field.default_value.canonical_json()),
                       field.bounds.text(), field.doc});
  }
  std::vector<std::vector<std::string>> presets;
  for (const PresetInfo& preset : schema.presets) {
    presets.push_back({code(preset.name), preset.doc});
  }
  return table({"option", "default", "allowed", "meaning"}, options) +
         table({"preset", "options"}, presets);
}

std::string ceilings_text(const EnvironmentFacts& facts) {
  std::vector<std::vector<std::string>> rows;
  std::map<std::string, std::vector<std::string>> ways;
  const auto shown = [&](const char* kind, const std::optional<Ceiling>& ceiling) {
    if (!ceiling || !std::isfinite(ceiling->value)) return std::string("-");
    std::vector<std::string>& kinds = ways[exactness_name(ceiling->exactness)];
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.emplace_back(kind);
    return fmt::format("{:.4g}", ceiling->value);
  };
  for (const DomainFacts& domain : facts.domains) {
    const Ceilings& known = domain.ceilings;
    rows.push_back({code(domain.name), fmt::format("{}", domain.shift), shown("Bayes", known.bayes),
                    shown("invariant", known.invariant), shown("cue only", known.spurious_only),
                    shown("population ERM", known.population_erm),
                    fmt::format("{:.4g}", known.chance)});
  }
  std::string out = table({"domain", facts.shift_axis.name, "Bayes", "invariant", "cue only",
                           "population ERM", "chance"},
                          rows);
  std::vector<std::string> how;
  for (const auto& [way, kinds] : ways) {
    how.push_back(fmt::format("{}: {}", way, fmt::join(kinds, ", ")));
  }
  out += fmt::format("How they are known: {}.", fmt::join(how, "; "));
  if (facts.depends_on_seed) out += " Other seeds have other numbers.";
  return out + "\n\n";
}

}  // namespace

std::string card_head(const EnvironmentFacts& facts, const AnySchema& schema) {
  std::string out = std::string(kCardBegin) + "\n\n";
  if (!facts.title.empty()) {
    out += fmt::format("**{}.** {}\n\n", facts.title, shape_text(facts));
    out += indented(facts.mechanism) + graph_text(facts.graph) + shift_text(facts);
  }
  out += options_text(schema);
  if (!facts.title.empty()) out += ceilings_text(facts);
  return out + kCardEnd + "\n";
}

std::string generated_part(const std::string& card) {
  const auto begin = card.find(kCardBegin);
  const auto end = card.find(kCardEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return card.substr(begin, end - begin) + kCardEnd + "\n";
}

}  // namespace spurion::report
