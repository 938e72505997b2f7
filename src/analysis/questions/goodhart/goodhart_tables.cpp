#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/questions/goodhart/goodhart_answer.hpp"
#include "analysis/table_cells.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

Cell distance_cell(double d) { return number_or_missing(d, Notation::fixed, 3); }

Cell p_or_missing(double p, bool claims) {
  return claims ? Cell(Number{p, Notation::probability, 4}) : Cell();
}

bool claims(const PressureLine& line) {
  return line.alone == GoodhartVerdict::faithful || line.alone == GoodhartVerdict::over_optimised ||
         line.alone == GoodhartVerdict::blind;
}

/// The distance of a place that is counted from 1; of no pressure 0.
double distance_of(const PressureLine& line, std::size_t place) {
  return place == 0 ? 0.0 : line.distance(place - 1);
}

Estimate gain_at_end(const PressureLine& line, std::size_t reading) {
  return line.judged == 0 ? Estimate{} : line.gain(line.judged - 1, reading);
}

Table verdict_table(const GoodhartFindings& findings) {
  const GoodhartOptions& options = findings.options;
  Table table{
      findings.file_name(""),
      fmt::format(
          "What becomes of the truth ({}) while the proxy ({}) is optimised, in domain '{}'. Gains "
          "are by how much a number is better than without pressure, with {} by the jackknife over "
          "seeds. d: the root of the nats of a selection, log n - (n - 1) / n; of a loss the root "
          "of "
          "the stored divergence ({}) from the run without it. The two are different divergences. "
          "Numbers at the end are at the strongest pressure that is judged: models learned there, "
          "and a filter has at least 10 times as many candidates as it chooses among. fall: "
          "largest "
          "gain of the truth minus its gain at the end. parts at d: from there on the proxy is "
          "shown "
          "to overstate by more than the margin, {}. adjusted p: of {} verdicts of the suite "
          "(Holm).{}",
          options.truth_name(), options.proxy, options.domain, kIntervalText, options.distance,
          options.margin, findings.family, findings.note),
      {{"pressure"},
       {"strongest"},
       {"d at end", ColumnKind::number},
       {"proxy gain", ColumnKind::estimate},
       {"truth gain", ColumnKind::estimate},
       {"overstated", ColumnKind::estimate},
       {"OOD gain", ColumnKind::estimate},
       {"ID change", ColumnKind::estimate},
       {"fall", ColumnKind::estimate},
       {"from d", ColumnKind::number},
       {"parts at d", ColumnKind::number},
       {"faithfulness"},
       {"adjusted p", ColumnKind::number},
       {"models", ColumnKind::count},
       {"seeds", ColumnKind::count}}};
  for (const PressureLine& line : findings.found.lines) {
    const bool judged = line.judged > 0;
    const bool over = line.verdict == GoodhartVerdict::over_optimised;
    table.add({line.name, line.place_text(line.judged),
               distance_cell(distance_of(line, line.judged)),
               estimate_or_missing(gain_at_end(line, kProxy)),
               estimate_or_missing(gain_at_end(line, kTruth)),
               judged ? estimate_or_missing(line.overstated(line.judged - 1)) : Cell(),
               estimate_or_missing(gain_at_end(line, kOod)),
               estimate_or_missing(gain_at_end(line, kId)), estimate_or_missing(line.fall),
               over ? distance_cell(distance_of(line, line.peak)) : Cell(),
               line.parts > 0 ? distance_cell(distance_of(line, line.parts)) : Cell(),
               std::string(goodhart_verdict_name(line.verdict)),
               p_or_missing(line.adjusted_p, claims(line)), line.gains.items, line.gains.seeds});
  }
  return table;
}

std::string reading_text(const GoodhartFindings& findings, std::size_t reading) {
  if (reading == kProxy) return "proxy";
  if (reading == kTruth) return "truth";
  return findings.options.held_out_probes[reading - kHeldOut];
}

/// Proxy, truth and held-out probes.
std::vector<std::size_t> followed(const GoodhartFindings& findings) {
  std::vector<std::size_t> readings = {kProxy, kTruth};
  for (std::size_t i = 0; i < findings.options.held_out_probes.size(); ++i) {
    readings.push_back(kHeldOut + i);
  }
  return readings;
}

Table form_table(const GoodhartFindings& findings) {
  Table table{
      findings.file_name("forms"),
      fmt::format(
          "Forms of over-optimisation (Gao et al. 2022) of the gains along d, fitted to the judged "
          "places, with {} by the jackknife over seeds: d (alpha - beta d) of selections, d (alpha "
          "- "
          "beta log d) of a loss. peak at d, peak gain: of the form, where beta is shown to be "
          "above 0 and the peak is not beyond the largest d.",
          kIntervalText),
      {{"pressure"},
       {"follows"},
       {"formula"},
       {"alpha", ColumnKind::estimate},
       {"beta", ColumnKind::estimate},
       {"peak at d", ColumnKind::estimate},
       {"peak gain", ColumnKind::estimate},
       {"largest d", ColumnKind::number},
       {"places", ColumnKind::count}}};
  for (const PressureLine& line : findings.found.lines) {
    for (const std::size_t reading : followed(findings)) {
      const FittedForm form = fitted_form(line, reading);
      if (form.places < 3) continue;
      table.add({line.name, reading_text(findings, reading),
                 std::string(fits::pressure_formula(form.form.pressure)),
                 estimate_or_missing(form.alpha, 4), estimate_or_missing(form.beta, 4),
                 estimate_or_missing(form.peak), estimate_or_missing(form.peak_gain, 4),
                 distance_cell(form.largest), static_cast<std::int64_t>(form.places)});
    }
  }
  return table;
}

/// What probes say that nothing was optimised by.
Table held_out_table(const GoodhartFindings& findings) {
  Table table{
      findings.file_name("held_out"),
      fmt::format(
          "Held-out probes, which nothing was selected or trained by, at the strongest pressure "
          "that "
          "is judged: means with {} by the jackknife over seeds. overstated by it: its gain minus "
          "that of the truth. A held-out probe that overstates less than the proxy still sees what "
          "the proxy no longer sees.",
          kIntervalText),
      {{"pressure"},
       {"held-out probe"},
       {"held-out gain", ColumnKind::estimate},
       {"proxy gain", ColumnKind::estimate},
       {"truth gain", ColumnKind::estimate},
       {"overstated by it", ColumnKind::estimate}}};
  for (const PressureLine& line : findings.found.lines) {
    if (line.judged == 0) continue;
    for (std::size_t i = 0; i < findings.options.held_out_probes.size(); ++i) {
      const Jackknifed more = line.gains.made([&](const std::vector<double>& of) {
        return std::vector<double>{of[line.at(line.judged - 1, kHeldOut + i)] -
                                   of[line.at(line.judged - 1, kTruth)]};
      });
      table.add({line.name, findings.options.held_out_probes[i],
                 estimate_or_missing(gain_at_end(line, kHeldOut + i)),
                 estimate_or_missing(gain_at_end(line, kProxy)),
                 estimate_or_missing(gain_at_end(line, kTruth)),
                 estimate_or_missing(more.estimate(0))});
    }
  }
  return table;
}

Table gain_table(const GoodhartFindings& findings) {
  Table table{
      findings.file_name("equal_gain"),
      fmt::format(
          "The filter beside other pressures where both have the same gain in {} in domain '{}'. "
          "overstated: gain of the proxy minus gain of the truth; the pressure that overstates "
          "less "
          "is better. Each is read where its mean gain first reaches the level, between two places "
          "by a straight line. Levels are a fifth to four fifths of the largest gain that both "
          "reach. {} by the jackknife over the seeds of both; adjusted p: of all levels of the "
          "table "
          "(Holm).",
          findings.score, findings.options.gain_domain, kIntervalText),
      {{"other pressure"},
       {"environment"},
       {"at OOD gain", ColumnKind::number},
       {"overstated by filter", ColumnKind::estimate},
       {"overstated by other", ColumnKind::estimate},
       {"difference in overstated", ColumnKind::estimate},
       {"difference in ID change", ColumnKind::estimate},
       {"adjusted p", ColumnKind::number},
       {"at equal gain"}}};
  for (const GainComparison& one : findings.comparisons) {
    for (const GainLevel& level : one.levels) {
      table.add({one.other, one.environment, Number{level.gain, Notation::fixed, 4},
                 estimate_or_missing(level.filter_overstated),
                 estimate_or_missing(level.other_overstated), estimate_or_missing(level.difference),
                 estimate_or_missing(level.id_difference),
                 p_or_missing(level.adjusted_p, level.difference.count > 0),
                 std::string(equal_gain_name(level.result))});
    }
  }
  return table;
}

Table place_table(const GoodhartFindings& findings) {
  Table table{
      findings.file_name("places"),
      "Every place of every pressure: what is gained there over no pressure. used by the verdict: "
      "whether a verdict uses it.",
      {{"pressure"},
       {"amount"},
       {"d", ColumnKind::number},
       {"proxy gain", ColumnKind::estimate},
       {"truth gain", ColumnKind::estimate},
       {"overstated", ColumnKind::estimate},
       {"OOD gain", ColumnKind::estimate},
       {"ID change", ColumnKind::estimate},
       {"used by the verdict"}}};
  table.file_only = true;
  for (const PressureLine& line : findings.found.lines) {
    for (std::size_t place = 0; place < line.numbers.places.size(); ++place) {
      table.add({line.name, line.place_text(place + 1), distance_cell(line.distance(place)),
                 estimate_or_missing(line.gain(place, kProxy)),
                 estimate_or_missing(line.gain(place, kTruth)),
                 estimate_or_missing(line.overstated(place)),
                 estimate_or_missing(line.gain(place, kOod)),
                 estimate_or_missing(line.gain(place, kId)),
                 std::string(place < line.judged ? "yes" : "no")});
    }
  }
  return table;
}

}  // namespace

std::string GoodhartFindings::file_name(const std::string& what) const {
  return fmt::format("goodhart_{}{}{}_{}", what, what.empty() ? "" : "_", experiment,
                     options.proxy);
}

std::vector<Table> goodhart_tables(const GoodhartFindings& findings) {
  std::vector<Table> tables = {verdict_table(findings)};
  for (Table table : {held_out_table(findings), form_table(findings), gain_table(findings),
                      place_table(findings)}) {
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace spurion::analysis::questions::goodhart
