#include "report/environment_card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "report/escape.hpp"
#include "report/svg/graph.hpp"

namespace spurion::report {

namespace {

/// Pixels of the page for one of data: small pictures are enlarged more.
std::int64_t scale_of(std::int64_t width) {
  return std::clamp<std::int64_t>(640 / std::max<std::int64_t>(1, width), 2, 6);
}

std::string field(const Value& facts, const char* name) {
  const Value* value = facts.find(name);
  if (value == nullptr) return {};
  return value->is_string() ? value->as_string() : value->canonical_json();
}

/// "label_noise = 0.1, source = glyphs".
std::string settings_of(const Value& facts) {
  const Value* options = facts.find("options");
  if (options == nullptr || !options->is_table()) return {};
  std::string out;
  for (const auto& [name, value] : options->as_table()) {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name,
                       value.is_string() ? value.as_string() : value.canonical_json());
  }
  return out;
}

std::string groups_of(const Value& facts) {
  const Value* groups = facts.find("groups");
  if (groups == nullptr) return {};
  return groups->as_integer() == 0 ? "none" : fmt::format("{}", groups->as_integer());
}

std::string dial_of(const Value& facts) {
  const std::string name = field(facts, "dial_name");
  if (name.empty()) return {};
  const std::string low = field(facts, "dial_low");
  return fmt::format("{}{}: {}", name,
                     low.empty() ? "" : fmt::format(" in [{}, {}]", low, field(facts, "dial_high")),
                     field(facts, "dial_doc"));
}

std::string facts_list(const Value& facts) {
  std::string out = "<dl>";
  const std::pair<const char*, std::string> shown[] = {
      {"Dial", dial_of(facts)},
      {"Training shifts", field(facts, "train_shifts")},
      {"Test shift", field(facts, "test_shift")},
      {"Groups", groups_of(facts)},
      {"Options", settings_of(facts)},
      {"Deviations", field(facts, "deviations")},
      {"Source", field(facts, "citation")}};
  for (const auto& [name, value] : shown) {
    if (!value.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>", name, escape(value));
  }
  return out + "</dl>";
}

/// How many rows each class and group has, where they were recorded.
std::string row_counts(const Value& facts) {
  const Value* lines = facts.find("row_counts");
  if (lines == nullptr || !lines->is_list() || lines->as_list().empty()) return {};
  const Value* depends = facts.find("depends_on_seed");
  std::string out = fmt::format(
      "<p>Rows of each class and group{}:</p><ul class=\"rows\">",
      depends == nullptr || !depends->as_bool()
          ? ""
          : escape(fmt::format(
                ", in the splits of seed {} (base seed {}); other seeds split them differently",
                field(facts, "replicate"), field(facts, "base_seed"))));
  for (const Value& line : lines->as_list()) {
    out += fmt::format("<li>{}</li>", escape(line.as_string()));
  }
  return out + "</ul>\n";
}

/// Which train domains have no line in a table of `shown` domains, the test domain among them.
std::string left_out(const Value& facts, std::size_t shown) {
  const Value* shifts = facts.find("train_shifts");
  if (shifts == nullptr || !shifts->is_list() || shifts->as_list().size() < shown) return {};
  return fmt::format(" Not shown: {} more train domains.", shifts->as_list().size() + 1 - shown);
}

/// Whose environment it is, where another seed's has other numbers.
std::string seed_of(const Value& facts) {
  const Value* depends = facts.find("depends_on_seed");
  if (depends == nullptr || !depends->as_bool()) return {};
  return fmt::format(
      " These numbers hold for seed {} (base seed {}); other seeds give other numbers.",
      field(facts, "replicate"), field(facts, "base_seed"));
}

/// The scores known in a few domains, and how they were computed.
std::string ceilings_table(const Value& facts) {
  const Value* rows = facts.find("ceilings");
  if (rows == nullptr || !rows->is_list()) return {};
  constexpr std::pair<const char*, const char*> kColumns[] = {{"bayes", "Bayes"},
                                                              {"invariant", "invariant"},
                                                              {"spurious_only", "the cue only"},
                                                              {"population_erm", "population ERM"}};
  std::map<std::string, std::string> how;
  std::string body;
  for (const Value& row : rows->as_list()) {
    body += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td>", escape(field(row, "domain")),
                        escape(field(row, "shift")));
    for (const auto& [key, name] : kColumns) {
      const Value* ceiling = row.find(key);
      const Value* value = ceiling == nullptr ? nullptr : ceiling->find("value");
      if (value == nullptr || !value->is_number()) {  // stores of older runs have "nan" there
        body += "<td>\u2013</td>";
        continue;
      }
      const double bound = ceiling->find("error_bound")->as_number();
      const std::string error = bound == 0.0 ? "" : fmt::format(" \u00b1 {:.2g}", bound);
      body += fmt::format("<td>{:.4g}{}</td>", value->as_number(), error);
      std::string& names = how[ceiling->find("exactness")->as_string()];
      if (names.find(name) == std::string::npos) names += fmt::format(", {}", name);
    }
    body += fmt::format("<td>{:.4g}</td></tr>", row.find("chance")->as_number());
  }
  std::string caption = fmt::format(
      "Known {}. Bayes: best of all predictors. Invariant: best predictor from causal features "
      "that is the same in every domain. Chance: best constant. Spurious only and population ERM: "
      "scores of the train-optimal predictor from the cue alone and of the minimiser of the pooled "
      "training risk.",
      field(facts, "score") == "accuracy" ? "accuracy" : "mean squared error");
  for (const auto& [exactness, names] : how) {
    caption += fmt::format(" {}: {}.", exactness, names.substr(2));
  }
  caption += left_out(facts, rows->as_list().size()) + seed_of(facts);
  std::string head = fmt::format("<th scope=\"col\">Domain</th><th scope=\"col\">{}</th>",
                                 escape(field(facts, "dial_name")));
  for (const auto& [key, name] : kColumns) head += fmt::format("<th scope=\"col\">{}</th>", name);
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\"><table class=\"ceilings\"><caption>{}</caption><thead>"
      "<tr>{}<th scope=\"col\">chance</th></tr></thead><tbody>{}</tbody></table></div>\n",
      escape(caption), head, body);
}

/// Rows of data above their twins, as a picture inside the page.
std::string pictures(const Value& facts) {
  const Value* grid = facts.find("pictures");
  if (grid == nullptr || !grid->is_table()) return {};
  const std::int64_t width = grid->find("width")->as_integer();
  const std::int64_t scale = scale_of(width);
  std::string names;
  std::string labels;
  for (const Value& line : grid->find("lines")->as_list()) {
    labels += fmt::format("<li>{}</li>", escape(line.as_string()));
    names += (names.empty() ? "" : "; ") + line.as_string();
  }
  return fmt::format(
      "<figure class=\"pictures\"><div><img alt=\"Rows of {}, by line: {}\" width=\"{}\" "
      "height=\"{}\" src=\"data:image/png;base64,{}\"><ol>{}</ol></div><figcaption>The first rows "
      "of the first training domain: one row of data a column, above its counterfactual twins, "
      "which share all noise.</figcaption></figure>\n",
      escape(field(facts, "title")), escape(names), scale * width,
      scale * grid->find("height")->as_integer(), escape(grid->find("png")->as_string()), labels);
}

}  // namespace

std::string environment_card(const Value& facts, const std::string& name, const std::string& id) {
  std::string out = fmt::format("<section class=\"card\"><h3>{} <code>{}</code></h3>",
                                escape(field(facts, "title")), escape(name));
  out += svg_graph(facts, id);
  out +=
      "<p class=\"note\">Green: what causes the label, or is caused by it, in every domain alike. "
      "Red: the cue. Blue: the label.</p>";
  out += "<pre>" + escape(field(facts, "mechanism")) + "</pre>";
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
