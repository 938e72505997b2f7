#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "analysis/questions/scaling_law/law_answer.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

Cell plain(double value) { return std::isfinite(value) ? Cell(Number{value}) : Cell(); }

Cell plain(const std::optional<double>& value) { return value ? plain(*value) : Cell(); }

/// A row a trial: what was fitted.
Table points_table(const LawAnswer& answer) {
  Table table{answer.name() + "_points",
              fmt::format("Each trial of the scaling laws of the {}: what was fitted.",
                          answer.options.what()),
              {{"method"}, {"environment"}}};
  for (const std::string& axis : answer.options.axes()) {
    table.columns.push_back({axis, ColumnKind::number});
  }
  for (const Column& column : std::vector<Column>{{"seed", ColumnKind::count},
                                                  {"value", ColumnKind::number},
                                                  {"row noise", ColumnKind::number},
                                                  {"ID", ColumnKind::number},
                                                  {"ID ceiling", ColumnKind::number},
                                                  {"theory", ColumnKind::number},
                                                  {"FLOP", ColumnKind::number}}) {
    table.columns.push_back(column);
  }
  table.file_only = true;
  for (const JudgedLine& line : answer.lines) {
    for (const LawTrial& one : line.numbers.trials) {
      std::vector<Cell> row = {line.numbers.line.name, line.numbers.environment};
      for (const double place : one.scale) row.push_back(plain(place));
      for (Cell cell :
           {Cell(one.trial->spec.seed), plain(one.value), plain(one.noise), plain(one.id),
            plain(one.ceiling), plain(one.theory), plain(one.trial->cost.flops)}) {
        row.push_back(std::move(cell));
      }
      table.add(std::move(row));
    }
  }
  return table;
}

/// A row a law and scale: what it says there, fitted with and without the largest scales.
Table residuals_table(const LawAnswer& answer) {
  Table table{
      answer.name() + "_residuals",
      "Each law at each scale: its value, and the mean over seeds minus it in deviations of "
      "the mean, of the fit to all scales. Of a held-out scale also what the law predicted "
      "without it.",
      {{"method"}, {"environment"}, {"law rank", ColumnKind::count}, {"law"}}};
  for (const std::string& axis : answer.options.axes()) {
    table.columns.push_back({axis, ColumnKind::number});
  }
  for (const char* name : {"value", "fitted value", "residual", "extrapolated value"}) {
    table.columns.push_back({name, ColumnKind::number});
  }
  table.file_only = true;
  for (const JudgedLine& line : answer.lines) {
    const std::vector<fits::ScaleSummary>& scales = line.law().scales;
    std::int64_t rank = 0;
    for (const fits::FittedLaw& law : line.law().laws) {
      ++rank;
      // What was predicted without them is in the order of their size, which is that of one axis.
      std::size_t held_out = 0;
      const bool ordered = answer.options.axes().size() == 1;
      for (std::size_t i = 0; i < scales.size() && i < law.predicted.size(); ++i) {
        const fits::ScaleSummary& scale = scales[i];
        std::vector<Cell> row = {line.numbers.line.name, line.numbers.environment, rank,
                                 law.formula};
        for (const double place : scale.scale) row.push_back(plain(place));
        const bool known = ordered && scale.held_out && held_out < law.extrapolated.size();
        for (Cell cell : {plain(scale.gap.value), plain(law.predicted[i]),
                          plain((scale.gap.value - law.predicted[i]) / scale.deviation),
                          known ? plain(law.extrapolated[held_out++]) : Cell()}) {
          row.push_back(std::move(cell));
        }
        table.add(std::move(row));
      }
    }
  }
  return table;
}

/// A row a resample: the parameters of its fit.
Table draws_table(const LawAnswer& answer) {
  Table table{answer.name() + "_fit_draws",
              "Each resample of the seeds: the parameters of the law g_inf + a N^-b that was "
              "fitted to it, from all starts. amplitude: a at the smallest scale.",
              {{"method"},
               {"environment"},
               {"draw", ColumnKind::count},
               {"g_inf", ColumnKind::number},
               {"amplitude", ColumnKind::number},
               {"exponent", ColumnKind::number},
               {"decades to margin", ColumnKind::number}}};
  table.file_only = true;
  for (const JudgedLine& line : answer.lines) {
    std::int64_t number = 0;
    for (const fits::ResampledLaw& one : line.law().draws) {
      table.add({line.numbers.line.name, line.numbers.environment, number++, plain(one.g_inf),
                 plain(one.amplitude), plain(one.exponent), plain(one.reach_decades)});
    }
  }
  return table;
}

}  // namespace

std::vector<Table> raw_tables(const LawAnswer& answer) {
  std::vector<Table> tables;
  tables.push_back(points_table(answer));
  tables.push_back(residuals_table(answer));
  tables.push_back(draws_table(answer));
  return tables;
}

}  // namespace spurion::analysis::questions::scaling_law
