#include "report/html.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/counted.hpp"
#include "harness/store/stored_suite.hpp"
#include "report/environment_card.hpp"
#include "report/escape.hpp"
#include "report/svg/svg_chart.hpp"

namespace spurion::report {

namespace {

using analysis::Answer;
using analysis::Chart;
using analysis::Table;

constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--muted:#626c78;--rule:#e3e7ec;--soft:#f6f8fa;--accent:#1f6fb2;
--c0:#c4462a;--c1:#1f6fb2;--c2:#2b8a57;--c3:#8a4fa8;--c4:#a6761d;--c5:#3a3f47}
@media(prefers-color-scheme:dark){:root{--page:#14171b;--text:#e7eaee;--muted:#9aa5b1;--rule:#2c333b;--soft:#1c2127;--accent:#74b3e8;
--c0:#ff8a6b;--c1:#74b3e8;--c2:#67cf95;--c3:#cf9be6;--c4:#e3b95a;--c5:#c3cad3}}
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.3rem;margin:3rem 0 .6rem;padding-top:1rem;border-top:1px solid var(--rule)}
h3{font-size:1.05rem;margin:1.6rem 0 .4rem}p{margin:.5rem 0}.lead,.note,figcaption,caption{color:var(--muted)}
.note,figcaption,caption{font-size:.86rem}.answer{background:var(--soft);border-left:4px solid var(--accent);padding:.8rem 1rem;margin:.9rem 0;border-radius:0 6px 6px 0}
.warning{border-left:4px solid var(--c0);background:var(--soft);padding:.6rem 1rem;margin:.9rem 0;border-radius:0 6px 6px 0}.answer b{display:block;margin-bottom:.2rem}figure{margin:1.2rem 0}figcaption{margin-top:.3rem}figcaption a{color:var(--accent)}figcaption,caption{overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums;min-width:100%}
caption{caption-side:bottom;text-align:left;padding-top:.5rem;max-width:56rem}th,td{padding:.38rem .7rem .38rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule);white-space:nowrap}
td:last-child{white-space:normal}th{font-weight:600}pre{background:var(--soft);padding:1rem;overflow-x:auto;font-size:.82rem;line-height:1.45;border-radius:6px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem;margin:.8rem 0}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
svg.graph{width:100%;height:auto;font:14px system-ui,sans-serif}svg.graph rect{fill:var(--soft);stroke:var(--muted)}svg.graph text{fill:var(--text)}
svg.graph .arrow{fill:none;stroke:var(--muted);stroke-width:1.5}svg.graph marker path{fill:var(--muted)}
svg.graph .spurious rect{stroke:var(--c0);stroke-width:2.5}svg.graph .causal rect{stroke:var(--c2);stroke-width:2.5}svg.graph .label rect{stroke:var(--c1);stroke-width:2.5}
a.term{color:inherit;text-decoration:underline dotted var(--muted);text-underline-offset:.2em}dd a.term{text-decoration-style:solid}:target{background:var(--soft)}
.panels>summary{cursor:pointer;font-weight:600;padding:.4rem 0}.panel-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:0 1.6rem}
.panel-grid figure{margin:.7rem 0;min-width:0}.panel-grid figcaption{font-size:.8rem}
.sort{border:0;background:none;color:var(--muted);font:inherit;padding:0 .2rem;cursor:pointer}.sort::after{content:"\2195"}
[aria-sort=ascending] .sort::after{content:"\2191"}[aria-sort=descending] .sort::after{content:"\2193"}
@media(max-width:40rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}}
@media print{.sort,.files{display:none}:root{color-scheme:light;--page:#fff;--text:#000;--muted:#444;--rule:#ccc;--soft:#f4f4f4;--accent:#000}main{max-width:none;padding:0}figure,.answer,tr{break-inside:avoid}.scroll{overflow:visible}th,td{white-space:normal}details>*{display:block}
html,body{font-size:10pt}h2,h3,.panels>summary{break-after:avoid}thead{display:table-header-group}.panel-grid{grid-template-columns:1fr 1fr}
.wide{page:wide}.wide table{font-size:6.5pt;line-height:1.3}.wide th,.wide td{padding:.2em .5em .2em 0}}
@page wide{size:landscape;margin:10mm}
)css";

/// Gives the columns of tables a button that sorts the rows: up, down, as they were. What has no
/// number stays last. A page without scripts has the same tables.
constexpr const char* kSortScript = R"js(
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const value = (row, i) => {
    const text = row.cells[i].textContent.trim();
    if (text === "-") return null;
    const number = text.replace(/^< /, "").match(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/i);
    return number ? parseFloat(number[0]) : text.toLowerCase();
  };
  const order = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.setAttribute("aria-label", "Sort by " + head.textContent);
    button.onclick = () => {
      const was = head.getAttribute("aria-sort");
      const now = was === "ascending" ? "descending" : was === "descending" ? null : "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      if (now) head.setAttribute("aria-sort", now);
      const sign = now === "descending" ? -1 : 1;
      const sorted = now === null ? rows : [...rows].sort((a, b) => {
        const x = value(a, i), y = value(b, i);
        if (x === null || y === null) return (x === null) - (y === null);
        return sign * order(x, y);
      });
      body.append(...sorted);
    };
    head.append(button);
  });
}
)js";

/// What a reader needs before the first answer.
constexpr const char* kGapText =
    R"html(<p class="lead">The <b>gap</b> is the score in distribution (on data like the training data) minus the
score out of distribution (on data where the cue is shifted). A <b>margin</b> is a difference that counts as none.
A model has <b>learned</b> when its score is at least half-way from chance to the invariant ceiling. The <a href="#glossary">glossary</a> explains all
terms, columns and verdicts; words with a dotted line lead to it.</p>
)html";

/// How the charts of a page are numbered, and which files each has.
struct Figures {
  int number = 0;
  bool pdf = false;
};

/// "<a href="csv/NAME.svg">SVG</a>"
std::string file_link(const std::string& name, const char* ending, const char* text) {
  return fmt::format("<a href=\"csv/{0}.{1}\">{2}</a>", escape(name), ending, text);
}

std::string figure(const Chart& chart, Figures& figures) {
  std::string files =
      file_link(chart.name, "csv", "CSV") + ", " + file_link(chart.name, "svg", "SVG");
  if (figures.pdf) files += ", " + file_link(chart.name, "pdf", "PDF");
  return fmt::format(
      "<figure>{}<figcaption><strong>{}.</strong> {} <span class=\"files\">Files: {}.</span>"
      "</figcaption></figure>\n",
      svg_chart(chart, fmt::format("chart{}", figures.number++), false), escape(chart.title),
      escape(chart.note), files);
}

/// Charts one below the other; those of one panel side by side, small, in a fold.
std::string figures(const std::vector<Chart>& charts, Figures& shown) {
  std::string out;
  std::string open;  // panel begun
  const auto close = [&] {
    if (!open.empty()) out += "</div></details>\n";
    open.clear();
  };
  for (const Chart& chart : charts) {
    if (chart.series.empty()) continue;
    if (chart.panel != open) {
      close();
      if (!chart.panel.empty()) {
        out += "<details class=\"panels\" open><summary>" + escape(chart.panel) +
               "</summary><div class=\"panel-grid\">";
      }
      open = chart.panel;
    }
    out += figure(chart, shown);
  }
  close();
  return out;
}

/// A cell whose long names may be broken after their underscores.
std::string breakable(const std::string& html) {
  std::string out;
  bool tag = false;
  for (const char c : html) {
    tag = c == '<' || (tag && c != '>');
    out += c;
    if (c == '_' && !tag) out += "<wbr>";
  }
  return out;
}

std::string html_table(const Table& table) {
  constexpr std::size_t kWorthSorting = 3;
  const char* kind = table.rows.size() < kWorthSorting ? "" : " class=\"sortable\"";
  // More columns than a sheet of paper has room for, unless it lies on its side.
  constexpr std::size_t kManyColumns = 12;
  const bool wide = table.columns.size() > kManyColumns;
  std::string out = fmt::format("<div class=\"scroll{}\" tabindex=\"0\"><table{}><caption>",
                                wide ? " wide" : "", kind) +
                    escape(table.caption) +
                    fmt::format(" Numbers: csv/{0}.csv. For papers: csv/{0}.md and csv/{0}.tex.",
                                escape(table.name)) +
                    "</caption><thead><tr>";
  for (const analysis::Column& column : table.columns) {
    out += "<th scope=\"col\">" + column_title(column) + "</th>";
  }
  out += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = cell_text(row[i]);
      out += (i == 0 ? "<th scope=\"row\">" : "<td>") + (wide ? breakable(text) : text) +
             (i == 0 ? "</th>" : "</td>");
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>\n";
}

/// Which tables are in files alone.
std::string further_files(const std::vector<Table>& tables) {
  std::string out;
  for (const Table& table : tables) {
    if (!table.file_only) continue;
    out +=
        fmt::format("<p class=\"note\">{} Numbers: csv/{}.csv ({}).</p>\n", escape(table.caption),
                    escape(table.name), core::counted(table.rows.size(), "row"));
  }
  return out;
}

/// Sentences, with a new line where they have one.
std::string paragraphs(const std::string& text) {
  std::string out;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    out += (start == 0 ? "" : "<br>") + escape(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

/// The sentences of all answers; those beyond the first ones in a fold.
std::string sentences(const std::vector<Answer>& answers, std::size_t shown) {
  std::string out;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == shown) {
      out += fmt::format("<details><summary>{}</summary>",
                         core::counted(answers.size() - shown, "further answer"));
    }
    out += fmt::format("<div class=\"answer\"><b>{}</b>{}</div>", escape(answers[i].question),
                       paragraphs(answers[i].sentence));
  }
  return out + (answers.size() > shown ? "</details>" : "");
}

std::string context_of(const StoredResults& results, const std::string& key) {
  const auto found = results.context.find(key);
  return found == results.context.end() ? "" : found->second;
}

std::string environments(const StoredResults& results) {
  std::string out;
  int number = 0;
  for (const auto& [key, text] : results.context) {
    if (key.rfind("environment.", 0) != 0) continue;
    const auto facts = EnvironmentFacts::from_value(parse_json(text, key));
    // "environment.NAME", and "environment.NAME#2" ... for further configurations of the same.
    const std::string name = key.substr(12, key.find('#') - 12);
    out += environment_card(facts, name, fmt::format("graph{}", number++));
  }
  return out;
}

/// Of the last run; nothing where nothing ran, as with predictions made elsewhere.
std::string last_run(const StoredResults& results) {
  const std::string seconds = context_of(results, "seconds");
  const std::string jobs = context_of(results, "jobs");
  if (seconds.empty() || jobs.empty()) return {};
  return fmt::format("; last run {} s on {} {}", seconds, jobs, jobs == "1" ? "worker" : "workers");
}

/// What is known of each name: what it needs to see, or lets a method see.
using Budgets = std::map<std::string, std::set<std::string>>;

std::string budget_list(const char* title, const Budgets& budgets) {
  if (budgets.empty()) return {};
  std::string out = fmt::format("<p class=\"note\">{}</p><dl>", title);
  for (const auto& [name, texts] : budgets) {
    out += fmt::format("<dt><code>{}</code></dt><dd>{}</dd>", escape(name),
                       escape(fmt::format("{}", fmt::join(texts, " or, by its options, "))));
  }
  return out + "</dl>";
}

/// What methods need to see and, apart from that, what regimes let them see.
std::string information_budget(const StoredResults& results) {
  std::set<std::string> regimes;
  for (const TrialResult& trial : results.trials) regimes.insert(trial.spec.regime.name);
  Budgets needed;
  Budgets granted;
  for (const auto& [key, value] : results.context) {
    if (key.rfind("access.", 0) != 0) continue;
    const std::string name = key.substr(7, key.find('#') - 7);
    (regimes.count(name) != 0 ? granted : needed)[name].insert(value);
  }
  return "<h3>Information budget</h3>" + budget_list("What each method needs to see:", needed) +
         budget_list("What each regime lets a method see:", granted);
}

std::string how_it_was_run(const StoredResults& results, const TrialCounts& counts) {
  const std::string total = context_of(results, "trials");
  std::string out = "<dl>";
  const std::pair<const char*, std::string> facts[] = {
      {"Trials",
       fmt::format(
           "{} done{}; {} diverged, {} failed{}{}",
           counts.trained - counts.diverged - counts.failed, total.empty() ? "" : " of " + total,
           counts.diverged, counts.failed,
           counts.scored == 0 ? "" : fmt::format("; {} trained by other programs", counts.scored),
           counts.others == 0
               ? ""
               : fmt::format("; {} that {} not in the suite", core::counted(counts.others, "other"),
                             core::is_or_are(counts.others)))},
      {"Seeds", fmt::format("{}", counts.seeds.size())},
      {"Training", counts.flops > 0.0
                       ? fmt::format("{:.3g} floating-point operations (counted), {} rows "
                                     "through gradients",
                                     counts.flops, counts.rows)
                       : ""},
      {"Time", counts.seconds > 0.0
                   ? fmt::format("{:.0f} s of work{}", counts.seconds, last_run(results))
                   : ""},
      {"Processor time of the last run", context_of(results, "processor_time")},
      {"Peak memory of the last run", context_of(results, "peak_memory")},
      {"Device", context_of(results, "device") == "cpu" ? "" : context_of(results, "device")},
      {"Versions", context_of(results, "versions")},
      {"Plug-ins",
       context_of(results, "plugins").empty() ? "none" : context_of(results, "plugins")}};
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    out += fmt::format("<dt>{}</dt><dd>{}</dd>", name, escape(value));
  }
  return out + "</dl>" + information_budget(results) + "<h3>Suite</h3><pre>" +
         escape(context_of(results, "suite")) + "</pre>";
}

}  // namespace

std::string render_html(const StoredResults& results, const TrialCounts& counts, const Page& page) {
  const std::shared_ptr<const Suite> stored = harness::stored_suite(results);
  const Suite& suite = *stored;
  const std::string title = suite.title.empty() ? suite.name : suite.title;
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>{0}</title><style>{1}{2}</style></"
      "head>\n<body><main>"
      "<h1>{0}</h1><p class=\"lead\">Suite <code>{3}</code>. In square brackets: {4} of the "
      "mean over seeds, unless a caption says otherwise. An interval ends where the possible "
      "values "
      "of its number end.</p>\n",
      escape(title), kStyle, chart_style() + environment_card_style(), escape(suite.name),
      analysis::kIntervalRule);
  out += kGapText;
  for (const std::string& note : notes_of(results, counts)) {
    out += "<p class=\"warning\" role=\"note\"><b>Note.</b> " + escape(note) + "</p>\n";
  }
  for (const std::string& sentence : page.left_out) {
    out += "<p class=\"note\">" + escape(sentence) + "</p>\n";
  }
  out += "<section id=\"answers\" aria-label=\"Answers\">" +
         sentences(page.answers, page.whole_answers);
  out += "</section>\n<section id=\"shift\"><h2>Shift curves</h2>";
  Figures shown;
  shown.pdf = page.pdf;
  for (const Chart& curve : page.shift_curves) out += figure(curve, shown);
  out += "</section>\n<section id=\"details\">";
  for (std::size_t i = 0; i < std::min(page.answers.size(), page.whole_answers); ++i) {
    const Answer& answer = page.answers[i];
    out += "<h2>" + escape(answer.question) + "</h2>";
    out += figures(answer.charts, shown);
    for (const Table& table : answer.tables) {
      if (!table.file_only) out += html_table(table);
    }
    out += further_files(answer.tables);
  }
  out += "</section>\n<section id=\"environments\"><h2>Environments</h2>" + environments(results);
  out +=
      "</section>\n<section id=\"run\"><h2>How it was run</h2>" + how_it_was_run(results, counts);
  out += "</section>\n" + glossary_section(page.terms);
  return out + "</main><script>" + kSortScript + "</script></body></html>\n";
}

}  // namespace spurion::report
