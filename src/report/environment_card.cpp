#include "report/environment_card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "core/counted.hpp"
#include "report/escape.hpp"
#include "report/glossary_section.hpp"
#include "report/svg/graph.hpp"

namespace spurion::report {

namespace {

/// Pixels of the page for one of data: small pictures are enlarged more.
std::int64_t scale_of(std::int64_t width) {
  return std::clamp<std::int64_t>(640 / std::max<std::int64_t>(1, width), 2, 6);
}

/// "label_noise = 0.1, source = glyphs".
std::string options_of_facts(const EnvironmentFacts& facts) {
  std::string out;
  for (const auto& [name, value] : facts.options.as_table()) {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name,
                       value.is_string() ? value.as_string() : value.canonical_json());
  }
  return out;
}

std::string shifts_text(const std::vector<double>& shifts) {
  if (shifts.empty()) return {};
  return Value(Value::List(shifts.begin(), shifts.end())).canonical_json();
}

std::string axis_of(const ShiftAxis& axis) {
  if (axis.name.empty()) return {};
  return fmt::format("{} in [{}, {}]: {}", axis.name, Value(axis.low).canonical_json(),
                     Value(axis.high).canonical_json(), axis.doc);
}

std::string facts_list(const EnvironmentFacts& facts) {
  std::string out = "<dl>";
  const std::pair<const char*, std::string> shown[] = {
      {"Shift", axis_of(facts.shift_axis)},
      {"Training shifts", shifts_text(facts.train_shifts)},
      {"Test shift", facts.test_shift ? Value(*facts.test_shift).canonical_json() : ""},
      {"Groups", facts.groups == 0 ? "none" : fmt::format("{}", facts.groups)},
      {"Options", options_of_facts(facts)},
      {"Deviations", facts.deviations},
      {"Source", facts.citation}};
  for (const auto& [name, value] : shown) {
    if (!value.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>", name, escape(value));
  }
  return out + "</dl>";
}

/// How many rows each class and group has, where they were recorded.
std::string row_counts(const EnvironmentFacts& facts) {
  if (facts.row_notes.empty()) return {};
  std::string out = fmt::format(
      "<p>Rows of each class and group{}:</p><ul class=\"rows\">",
      !facts.depends_on_seed
          ? ""
          : escape(fmt::format(
                ", in the splits of seed {} (base seed {}); other seeds split them differently",
                facts.seed, facts.base_seed)));
  for (const std::string& line : facts.row_notes) {
    out += fmt::format("<li>{}</li>", escape(line));
  }
  return out + "</ul>\n";
}

/// How many train domains have no line in the table.
std::string left_out(const EnvironmentFacts& facts) {
  const auto shown = static_cast<std::size_t>(
      std::count_if(facts.domains.begin(), facts.domains.end(),
                    [](const DomainFacts& domain) { return domain.kind == DomainKind::train; }));
  if (facts.train_shifts.size() <= shown) return {};
  return fmt::format(" Not shown: {}.",
                     core::counted(facts.train_shifts.size() - shown, "more train domain"));
}

/// Whose environment it is, where another seed's has other numbers.
std::string seed_of(const EnvironmentFacts& facts) {
  if (!facts.depends_on_seed) return {};
  return fmt::format(
      " These numbers hold for seed {} (base seed {}); other seeds give other numbers.", facts.seed,
      facts.base_seed);
}

/// A header of the table of ceilings, with a link to the glossary of the page.
std::string header_cell(const std::string& name) {
  const char* key = name == "the cue only" ? "spurious_only" : "";
  return fmt::format("<th scope=\"col\">{}</th>",
                     column_title({name, analysis::ColumnKind::text, key}));
}

/// The scores known in a few domains, and how they were computed.
std::string ceilings_table(const EnvironmentFacts& facts) {
  if (facts.domains.empty()) return {};
  constexpr const char* kColumns[] = {"Bayes", "invariant", "the cue only", "population ERM"};
  std::map<std::string, std::string> how;
  std::string body;
  for (const DomainFacts& domain : facts.domains) {
    if (domain.kind == DomainKind::point) continue;  // of one cue
    body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", escape(domain.name),
                        Value(domain.shift).canonical_json());
    const Ceilings& known = domain.ceilings;
    const std::optional<Ceiling> ceilings[] = {known.bayes, known.invariant, known.spurious_only,
                                               known.population_erm};
    for (std::size_t column = 0; column < std::size(kColumns); ++column) {
      const std::optional<Ceiling>& ceiling = ceilings[column];
      if (!ceiling || !std::isfinite(ceiling->value)) {
        body += "<td>\u2013</td>";
        continue;
      }
      const double bound = ceiling->error_bound;
      const std::string error = bound == 0.0 ? "" : fmt::format(" \u00b1 {:.2g}", bound);
      body += fmt::format("<td>{:.4g}{}</td>", ceiling->value, error);
      std::string& names = how[exactness_name(ceiling->exactness)];
      const std::string name = kColumns[column];
      if (names.find(name) == std::string::npos) names += fmt::format(", {}", name);
    }
    body += fmt::format("<td>{:.4g}</td></tr>", known.chance);
  }
  std::string caption = fmt::format(
      "Known {}. Bayes: best of all predictors. Invariant: best predictor from causal features "
      "that is the same in every domain. Chance: best constant. Spurious only and population ERM: "
      "scores of the train-optimal predictor from the cue alone and of the minimiser of the pooled "
      "training risk.",
      facts.score == Score::accuracy ? "accuracy" : "mean squared error");
  for (const auto& [exactness, names] : how) {
    caption += fmt::format(" {}: {}.", exactness, names.substr(2));
  }
  caption += left_out(facts) + seed_of(facts);
  std::string head =
      header_cell("Domain") +
      fmt::format("<th scope=\"col\">{}</th>", column_title({facts.shift_axis.name, {}, "shift"}));
  for (const char* name : kColumns) head += header_cell(name);
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\"><table class=\"ceilings\"><caption>{}</caption><thead>"
      "<tr>{}{}</tr></thead><tbody>{}</tbody></table></div>\n",
      escape(caption), head, header_cell("chance"), body);
}

/// Rows of data above their twins, as a picture inside the page.
std::string pictures(const EnvironmentFacts& facts) {
  if (!facts.pictures) return {};
  const PictureFacts& grid = *facts.pictures;
  const std::int64_t scale = scale_of(grid.width);
  std::string names;
  std::string labels;
  for (const std::string& line : grid.lines) {
    labels += fmt::format("<li>{}</li>", escape(line));
    names += (names.empty() ? "" : "; ") + line;
  }
  return fmt::format(
      "<figure class=\"pictures\"><div><img alt=\"Rows of {}, by line: {}\" width=\"{}\" "
      "height=\"{}\" src=\"data:image/png;base64,{}\"><ol>{}</ol></div><figcaption>The first rows "
      "of the first training domain: one row of data a column, above its counterfactual twins, "
      "which share all noise.</figcaption></figure>\n",
      escape(facts.title), escape(names), scale * grid.width, scale * grid.height, escape(grid.png),
      labels);
}

}  // namespace

std::string environment_card(const EnvironmentFacts& facts, const std::string& name,
                             const std::string& id) {
  std::string out = fmt::format("<section class=\"card\"><h3>{} <code>{}</code></h3>",
                                escape(facts.title), escape(name));
  out += svg_graph(facts.graph, id);
  out +=
      "<p class=\"note\">Green: what causes the label, or is caused by it, in every domain alike. "
      "Red: the cue. Blue: the label.</p>";
  out += "<pre>" + escape(facts.mechanism) + "</pre>";
  out += pictures(facts) + ceilings_table(facts) + row_counts(facts) + facts_list(facts);
  return out + "</section>\n";
}

std::string environment_card_style() {
  return ".pictures>div{display:flex;gap:.7rem;overflow-x:auto}"
         ".pictures img{image-rendering:pixelated;flex:none;border-radius:3px}"
         ".pictures ol{list-style:none;margin:0;padding:0;display:flex;flex-direction:column;"
         "justify-content:space-around;font-size:.82rem;color:var(--muted);white-space:nowrap}"
         ".card+.card{margin-top:2.5rem}";
}

}  // namespace spurion::report
