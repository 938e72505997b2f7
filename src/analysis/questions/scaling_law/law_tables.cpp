#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/questions/scaling_law/law_answer.hpp"
#include "analysis/table_cells.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

Cell asymptote_cell(const fits::ScalingJudgement& law) {
  if (!law.asymptote.given || !std::isfinite(law.asymptote.g_inf.value)) return {};
  return Interval(law.asymptote.g_inf, 3);
}

Cell yes_if(bool value) { return std::string(value ? "yes" : "no"); }

std::vector<Column> line_columns(const LawAnswer& answer) {
  std::vector<Column> columns = {{"method"}};
  if (answer.several_environments()) columns.push_back({"environment"});
  return columns;
}

std::vector<Cell> line_cells(const LawAnswer& answer, const JudgedLine& one) {
  std::vector<Cell> cells = {one.numbers.line.name};
  if (answer.several_environments()) cells.emplace_back(one.numbers.environment);
  return cells;
}

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
  for (T& one : more) all.push_back(std::move(one));
}

/// How many scales have the theory within the interval of the difference from it, and of how many.
Cell theory_cell(const JudgedLine& one) {
  std::size_t known = 0;
  std::size_t within = 0;
  for (const auto& [scale, numbers] : one.numbers.scales) {
    if (numbers.theory_difference.empty()) continue;
    const Estimate difference = numbers.theory_difference.estimate(
        fmt::format("theory {} {}", one.numbers.line.name, place_text(scale)));
    ++known;
    within += difference.low - numbers.theory_error <= 0.0 &&
                      difference.high + numbers.theory_error >= 0.0
                  ? 1
                  : 0;
  }
  return known == 0 ? Cell() : Cell(fmt::format("{} of {}", within, known));
}

/// The exact gaps at the largest scale.
Cell exact_gaps_cell(const JudgedLine& one) {
  if (one.numbers.scales.empty()) return {};
  std::string text = one.numbers.scales.rbegin()->second.exact.text();
  return text.empty() ? Cell() : Cell(std::move(text));
}

std::string reason_of(const JudgedLine& one, const LawOptions& options) {
  if (!one.numbers.problem.empty()) return one.numbers.problem;
  if (one.judgement->learning) return gap_clause(*one.judgement->learning);
  if (one.demoted) {
    std::string text = fmt::format(
        "alone: {}, but {}", fits::scaling_outcome_name(one.law().outcome),
        fits::scaling_reason_text(fits::ScalingReason::adjusted, options.for_fits(1.0)));
    if (one.outcome == fits::ScalingOutcome::open) {
      text += fmt::format("; that it is open is ({}, adjusted)", show_p(one.adjusted.open));
    }
    return text;
  }
  return fits::scaling_reason_text(one.law().reason, options.for_fits(1.0));
}

Table verdict_table(const LawAnswer& answer) {
  const LawOptions& options = answer.options;
  Table table{
      answer.name() + "_verdicts",
      fmt::format(
          "Where the {} goes along {}, a verdict for each line. g_inf: the value at an unlimited "
          "scale, with its 95 % interval from the profile likelihood. held-out error: of the "
          "chosen law on the largest scales, which it was chosen without; beside it the seed noise "
          "there and the error of the last value carried forward. adjusted p: by Holm's method "
          "for the verdicts of all scaling_law questions of the suite. Verdicts use a margin of "
          "{}. The glossary (or 'spurion describe TERM') defines each column and verdict.{}",
          options.what(), options.axes_text(), options.margin, answer.note),
      line_columns(answer)};
  append(table.columns, std::vector<Column>{{"scales", ColumnKind::count},
                                            {"decades", ColumnKind::number},
                                            {"seeds", ColumnKind::count},
                                            {"value at largest", ColumnKind::estimate},
                                            {"law"},
                                            {"g_inf", ColumnKind::estimate},
                                            {"exponent", ColumnKind::estimate},
                                            {"held-out error", ColumnKind::number},
                                            {"error at largest", ColumnKind::estimate},
                                            {"seed noise", ColumnKind::number},
                                            {"carried error", ColumnKind::number},
                                            {"decades to margin", ColumnKind::estimate},
                                            {"ID shortfall", ColumnKind::estimate},
                                            {"theory within"},
                                            {"exact gaps"},
                                            {"p", ColumnKind::number},
                                            {"adjusted p", ColumnKind::number},
                                            {"seeds to decide", ColumnKind::count},
                                            {"decades to decide", ColumnKind::number},
                                            {"reason"}});
  if (options.hypothesis != "none") table.columns.push_back({"claim"});
  table.columns.push_back({"verdict"});
  for (const JudgedLine& one : answer.lines) {
    const fits::ScalingJudgement& law = one.law();
    const bool fitted = !law.laws.empty();
    const bool extrapolated = law.extrapolation.held_out > 0;
    const fits::Needed needed = needed_of(one);
    std::vector<Cell> row = line_cells(answer, one);
    append(
        row,
        {static_cast<std::int64_t>(law.scales.size()),
         Number{law.decades, Notation::fixed, 2},
         law.seeds,
         law.scales.empty() ? Cell() : estimate_or_missing(law.scales.back().gap),
         fitted ? Cell(law.laws.front().formula) : Cell(),
         asymptote_cell(law),
         law.asymptote.given ? estimate_or_missing(law.asymptote.exponent, 2) : Cell(),
         extrapolated ? number_or_missing(law.extrapolation.law_error, Notation::fixed, 4) : Cell(),
         extrapolated ? estimate_or_missing(law.extrapolation.error, 4) : Cell(),
         extrapolated ? number_or_missing(law.extrapolation.seed_noise, Notation::fixed, 4)
                      : Cell(),
         extrapolated ? number_or_missing(law.extrapolation.carried_error, Notation::fixed, 4)
                      : Cell(),
         law.reach.compatible ? estimate_or_missing(law.reach.decades, 1) : Cell(),
         law.id.given ? estimate_or_missing(law.id.shortfall) : Cell(),
         theory_cell(one),
         exact_gaps_cell(one),
         Number{law.p, Notation::probability, 3},
         Number{one.adjusted.verdict, Notation::probability, 3},
         needed.seeds > 0 ? Cell(needed.seeds) : Cell(),
         needed.decades > 0.0 ? Cell(Number{needed.decades, Notation::fixed, 1}) : Cell(),
         reason_of(one, options)});
    if (options.hypothesis != "none") row.emplace_back(claim_result(one, options.hypothesis));
    row.emplace_back(one.verdict());
    table.add(std::move(row));
  }
  return table;
}

std::string parameters_text(const fits::FittedLaw& law) {
  std::string text;
  for (const fits::LawParameter& one : law.parameters) {
    text += fmt::format("{}{} = {:.4g}", text.empty() ? "" : ", ", one.name, one.value);
  }
  return text;
}

Table law_table(const LawAnswer& answer) {
  Table table{answer.name() + "_laws",
              fmt::format("The laws that were fitted, the chosen one first: that with the smallest "
                          "error on the held-out largest scales. What is followed: the {}; for ID "
                          "the distance of the score in distribution from its ceiling. squared "
                          "deviation: sum over scales of ((mean - law) / deviation)^2, of the fit "
                          "to all scales.",
                          answer.options.what()),
              line_columns(answer)};
  append(table.columns, std::vector<Column>{{"follows"},
                                            {"law rank", ColumnKind::count},
                                            {"law"},
                                            {"parameters"},
                                            {"held-out error", ColumnKind::number},
                                            {"squared deviation", ColumnKind::number}});
  const auto add = [&](const JudgedLine& one, const std::string& what,
                       const std::vector<fits::FittedLaw>& laws) {
    std::int64_t rank = 0;
    for (const fits::FittedLaw& law : laws) {
      std::vector<Cell> row = line_cells(answer, one);
      append(row, {what, ++rank, law.formula, parameters_text(law),
                   number_or_missing(law.held_out_error, Notation::significant, 3),
                   number_or_missing(law.loss, Notation::significant, 3)});
      table.add(std::move(row));
    }
  };
  for (const JudgedLine& one : answer.lines) {
    add(one, answer.options.what(), one.law().laws);
    add(one, "ID shortfall", one.law().id.laws);
  }
  return table;
}

Table scale_table(const LawAnswer& answer) {
  Table table{
      answer.name() + "_scales",
      fmt::format(
          "Each scale. value: mean {} with {} over seeds, at least as wide as the noise of "
          "the evaluated rows. share within: share of seeds with a value below the margin of "
          "{}. modes: the means of two groups that the seeds fall into. repeats: how often "
          "the training shows each row. theory difference: value minus theory, paired.",
          answer.options.what(), kIntervalText, answer.options.margin),
      line_columns(answer)};
  for (const std::string& axis : answer.options.axes()) {
    table.columns.push_back({axis, ColumnKind::number});
  }
  append(table.columns, std::vector<Column>{{"value", ColumnKind::estimate},
                                            {"median", ColumnKind::number},
                                            {"share within", ColumnKind::estimate},
                                            {"modes"},
                                            {"seed deviation", ColumnKind::number},
                                            {"row noise", ColumnKind::number},
                                            {"ID shortfall", ColumnKind::estimate},
                                            {"repeats", ColumnKind::number},
                                            {"GFLOP", ColumnKind::number},
                                            {"theory", ColumnKind::number},
                                            {"theory difference", ColumnKind::estimate},
                                            {"held out"}});
  const Range values{answer.range.low, answer.range.high};
  const Range differences = range_of_difference(values, values);
  for (const JudgedLine& one : answer.lines) {
    for (const fits::ScaleSummary& scale : one.law().scales) {
      const auto found = one.numbers.scales.find(scale.scale);
      if (found == one.numbers.scales.end()) continue;
      const ScaleNumbers& own = found->second;
      const std::string key =
          fmt::format("{} {} {}", answer.name(), answer.called(one), place_text(scale.scale));
      std::vector<Cell> row = line_cells(answer, one);
      for (const double place : scale.scale) row.emplace_back(Number{place});
      const Cell shortfall = own.shortfall.empty()
                                 ? Cell()
                                 : estimate_or_missing(own.shortfall.estimate(
                                       key + " id", one.numbers.shortfall_range()));
      const Cell theory =
          own.theory_difference.empty()
              ? Cell()
              : estimate_or_missing(own.theory_difference.estimate(key + " theory", differences),
                                    4);
      append(row,
             {estimate_or_missing(scale.gap), number_or_missing(scale.median, Notation::fixed, 3),
              estimate_or_missing(scale.within_margin, 2),
              scale.two_modes ? Cell(fmt::format("{:.3f} ({:.0f} %), {:.3f}", scale.low_mode,
                                                 100.0 * scale.share_low, scale.high_mode))
                              : Cell(),
              number_or_missing(scale.seed_deviation, Notation::fixed, 4),
              number_or_missing(scale.noise, Notation::fixed, 4), shortfall,
              number_or_missing(own.repeats, Notation::significant, 3),
              Number{1e-9 * own.flops, Notation::significant, 3},
              number_or_missing(own.theory, Notation::fixed, 4), theory, yes_if(scale.held_out)});
      table.add(std::move(row));
    }
  }
  return table;
}

Table control_table(const LawAnswer& answer) {
  Table table{answer.name() + "_controls",
              "Controls: what the machinery says where the truth is known. Environments: all lines "
              "of the suite's scaling_law questions in them; judged 0: no question is about it. "
              "Planted: curves of a known law with the noise of the trials (seeds resampled, with "
              "random signs), each judged alone. no verdict: nothing is claimed, or less than the "
              "truth, such as 'shrinks, still open' of a plateau.",
              {{"control"},
               {"truth"},
               {"judged", ColumnKind::count},
               {"right", ColumnKind::count},
               {"no verdict", ColumnKind::count},
               {"wrong", ColumnKind::count}}};
  for (const ControlCount& one : answer.controls) {
    table.add({one.control, one.truth, static_cast<std::int64_t>(one.verdicts),
               static_cast<std::int64_t>(one.right), static_cast<std::int64_t>(one.none),
               static_cast<std::int64_t>(one.wrong)});
  }
  return table;
}

/// Hypotheses that a verdict shows, and those that it excludes. It says nothing of the others: a
/// gap that shrinks and is still open may close at a larger scale, or plateau.
struct Claims {
  std::vector<std::string> hold;
  std::vector<std::string> refuted;
};

const Claims& claims_of(fits::ScalingOutcome outcome) {
  using fits::ScalingOutcome;
  static const std::map<ScalingOutcome, Claims> known = {
      {ScalingOutcome::closes, {{"closes", "shrinks"}, {"no gap", "plateaus", "grows"}}},
      {ScalingOutcome::no_gap, {{"no gap", "closes"}, {"shrinks", "plateaus", "grows"}}},
      {ScalingOutcome::overshoots, {{}, {"closes", "no gap", "plateaus", "grows"}}},
      {ScalingOutcome::shrinks_open, {{"shrinks"}, {"no gap", "grows"}}},
      {ScalingOutcome::plateaus, {{"plateaus"}, {"closes", "no gap"}}},
      {ScalingOutcome::grows, {{"grows"}, {"closes", "no gap", "shrinks", "plateaus"}}},
      {ScalingOutcome::non_monotone, {{}, {"no gap"}}},
      {ScalingOutcome::open, {{}, {"no gap"}}},
  };
  static const Claims none;
  const auto found = known.find(outcome);
  return found == known.end() ? none : found->second;
}

}  // namespace

std::string place_text(const Scale& scale) {
  std::string text;
  for (const double one : scale) text += fmt::format("{}{}", text.empty() ? "" : " and ", one);
  return text;
}

std::string LawAnswer::name() const {
  std::string name = fmt::format("scaling_{}_{}", experiment, fmt::join(options.axes(), "_"));
  if (options.what() != "gap") name += fmt::format("_{}_{}", options.domain, options.metric);
  return name;
}

bool LawAnswer::several_environments() const {
  return std::any_of(lines.begin(), lines.end(), [&](const JudgedLine& one) {
    return one.numbers.environment != lines.front().numbers.environment;
  });
}

std::string LawAnswer::called(const JudgedLine& line) const {
  const std::string& name = line.numbers.line.name;
  return several_environments() ? fmt::format("{} in {}", name, line.numbers.environment) : name;
}

std::string claim_result(const JudgedLine& line, const std::string& hypothesis) {
  if (line.judgement->learning) return "undecided";
  const Claims& known = claims_of(line.outcome);
  const auto among = [&](const std::vector<std::string>& claims) {
    return std::find(claims.begin(), claims.end(), hypothesis) != claims.end();
  };
  if (among(known.hold)) return "holds";
  return among(known.refuted) ? "refuted" : "undecided";
}

std::vector<Table> tables_of(const LawAnswer& answer) {
  std::vector<Table> tables;
  tables.push_back(verdict_table(answer));
  tables.push_back(law_table(answer));
  tables.push_back(scale_table(answer));
  tables.push_back(control_table(answer));
  for (Table& table : raw_tables(answer)) tables.push_back(std::move(table));
  return tables;
}

}  // namespace spurion::analysis::questions::scaling_law
