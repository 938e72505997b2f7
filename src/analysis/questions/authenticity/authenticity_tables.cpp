#include <fmt/format.h>

#include "analysis/questions/authenticity/authenticity_answer.hpp"
#include "analysis/table_cells.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis::questions::authenticity {

namespace {

Cell place_cell(const AuthenticityOptions& options, const AxisValue& place) {
  return options.axis.empty() ? Cell() : Cell(Number{place.number});
}

Cell count_cell(std::size_t count) { return static_cast<std::int64_t>(count); }

/// A p value of a line that claims something.
Cell p_cell(double p, bool claims) {
  return claims ? Cell(Number{p, Notation::probability, 4}) : Cell();
}

Table line_table(const AuthenticityFindings& findings) {
  const AuthenticityOptions& options = findings.options;
  Table table{
      "authenticity_" + findings.experiment,
      fmt::format(
          "Whether probes show the reliance that is there: over trained models in domain '{}', "
          "with {} by the jackknife over seeds. rank agreement: Kendall's tau-b of probe and "
          "truth; tau of models that all agree has the interval that so many seeds allow. "
          "calibration slope, calibration intercept: of truth = intercept + slope * probe; 1 and 0 "
          "are calibrated. false reassurance: share of the models with a probe below {} whose "
          "truth is above {} (Wilson). false alarm: share of the models with a probe above {} "
          "whose truth is below {}. Verdicts: authentic: tau is shown to be above {}; blind to the "
          "cue: shown to be within {} of 0; nothing to rank: the truth of the middle 90 % of "
          "models "
          "varies by less than {}. They are adjusted for {} verdicts of the suite (Holm).{}",
          options.domain, kIntervalText, options.clean_below, options.confused_above,
          options.confused_above, options.clean_below, options.least_agreement,
          options.blind_within, options.least_spread, findings.family, findings.note),
      {{"probe"},
       {"compared with"},
       {"environment"},
       {"model"},
       {"place", ColumnKind::number},
       {"rank agreement", ColumnKind::estimate},
       {"authenticity"},
       {"adjusted p", ColumnKind::number},
       {"calibration slope", ColumnKind::estimate},
       {"calibration intercept", ColumnKind::estimate},
       {"probe bias", ColumnKind::estimate},
       {"calibration error", ColumnKind::estimate},
       {"said clean", ColumnKind::count},
       {"false reassurance", ColumnKind::estimate},
       {"said confused", ColumnKind::count},
       {"false alarm", ColumnKind::estimate},
       {"truth range", ColumnKind::number},
       {"models", ColumnKind::count},
       {"seeds", ColumnKind::count}}};
  for (const ProbeLine& line : findings.found.lines) {
    const Calibration& calibration = line.calibration;
    table.add({line.probe, line.truth, line.environment, line.model,
               place_cell(options, line.place), estimate_or_missing(line.tau),
               std::string(authenticity_verdict_name(line.verdict)),
               p_cell(line.adjusted_p, line.alone != AuthenticityVerdict::not_shown &&
                                           line.alone != AuthenticityVerdict::nothing_to_rank),
               estimate_or_missing(calibration.slope), estimate_or_missing(calibration.intercept),
               estimate_or_missing(calibration.bias), estimate_or_missing(calibration.error),
               line.reassurance.said, estimate_or_missing(line.reassurance.share), line.alarm.said,
               estimate_or_missing(line.alarm.share), Number{line.spread, Notation::fixed, 3},
               count_cell(line.models.probe.size()), line.ranks.seeds});
  }
  return table;
}

Table trend_table(const AuthenticityFindings& findings) {
  Table table{
      "authenticity_change_" + findings.experiment,
      fmt::format(
          "Whether the rank agreement of probe and truth changes along {}: tau-b at the largest "
          "value minus tau-b at the smallest, with {} by the jackknife over seeds; seed by seed "
          "where both have the same seeds. adjusted p: of {} verdicts of the suite (Holm).{}",
          findings.options.axis, kIntervalText, findings.family, findings.note),
      {{"probe"},
       {"environment"},
       {"model"},
       {"first", ColumnKind::number},
       {"agreement at first", ColumnKind::estimate},
       {"last", ColumnKind::number},
       {"agreement at last", ColumnKind::estimate},
       {"change in agreement", ColumnKind::estimate},
       {"adjusted p", ColumnKind::number},
       {"along the axis"}}};
  for (const AgreementTrend& trend : findings.found.trends) {
    table.add({trend.probe, trend.environment, trend.model, Number{trend.first.number},
               estimate_or_missing(trend.tau_first), Number{trend.last.number},
               estimate_or_missing(trend.tau_last), estimate_or_missing(trend.change),
               p_cell(trend.adjusted_p, trend.change.count > 0),
               std::string(agreement_change_name(trend.outcome))});
  }
  return table;
}

Table control_table(const AuthenticityFindings& findings) {
  Table table{
      "authenticity_controls_" + findings.experiment,
      fmt::format(
          "Sanity controls: what probes say of the models that the question names as controls, "
          "which count in no other table. Means with {} by the jackknife over seeds. A sound probe "
          "says of them what the truth says.",
          kIntervalText),
      {{"probe"},
       {"environment"},
       {"model"},
       {"place", ColumnKind::number},
       {"probe of controls", ColumnKind::estimate},
       {"truth of controls", ColumnKind::estimate},
       {"models", ColumnKind::count}}};
  for (const ProbeLine& line : findings.found.controls) {
    table.add({line.probe, line.environment, line.model, place_cell(findings.options, line.place),
               estimate_or_missing(line.controls_probe), estimate_or_missing(line.controls_truth),
               count_cell(line.controls.probe.size())});
  }
  return table;
}

}  // namespace

std::vector<Table> authenticity_tables(const AuthenticityFindings& findings) {
  std::vector<Table> tables = {line_table(findings)};
  for (Table table : {trend_table(findings), control_table(findings)}) {
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace spurion::analysis::questions::authenticity
