#include "cli/training/width_charts.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "report/csv/csv.hpp"
#include "report/svg/svg_chart.hpp"
#include "report/table_markup.hpp"
#include "report/whole_file.hpp"

namespace spurion::cli {

namespace {

using analysis::ColumnKind;

/// The mean over seeds; nothing where it is not finite.
analysis::Estimate over_seeds(const std::vector<double>& seeds) {
  if (!std::isfinite(analysis::mean(seeds))) return {};
  analysis::BySeed values;
  for (std::size_t k = 0; k < seeds.size(); ++k) values[static_cast<std::int64_t>(k)] = seeds[k];
  return analysis::mean_over_seeds({values}, "width check");
}

analysis::Chart chart_by_width(const conformance::WidthStudy& study) {
  analysis::Chart chart;
  chart.x_label = fmt::format("model.{}", study.width_option);
  chart.log_x = true;
  chart.log_y = true;
  chart.note =
      fmt::format("Band: {} of the mean over {} seeds.", analysis::kIntervalText, study.seeds);
  return chart;
}

analysis::Series series_by_width(const std::string& name, const std::vector<std::int64_t>& widths,
                                 const std::vector<std::vector<double>>& values) {
  analysis::Series series{name, {}, {}};
  for (std::size_t w = 0; w < widths.size(); ++w) {
    const analysis::Estimate y = over_seeds(values[w]);
    if (y.count == 0) continue;
    series.x.push_back(static_cast<double>(widths[w]));
    series.y.push_back(y);
  }
  return series;
}

std::string rate_text(const conformance::WidthStudy& study) {
  return fmt::format("{}, learning rate {}", study.optimizer.name,
                     study.optimizer.learning_rate.value());
}

}  // namespace

void WidthCharts::add(const std::string& parametrisation, const conformance::WidthStudy& study,
                      const std::vector<conformance::LayerSizes>& layers) {
  analysis::Chart chart = chart_by_width(study);
  chart.name = "coordinate_check_" + parametrisation;
  const std::size_t last = layers.front().values.size() - 1;
  chart.title = fmt::format("{}, {}: mean |activation| after {} updates of {}", study.model,
                            parametrisation, last, rate_text(study));
  chart.y_label = "mean |activation|";
  analysis::Table table;
  table.name = chart.name;
  table.columns = {{"layer"},
                   {"updates", ColumnKind::count},
                   {"width", ColumnKind::count},
                   {"mean activation", ColumnKind::estimate},
                   {"mean change", ColumnKind::estimate}};
  for (const conformance::LayerSizes& layer : layers) {
    chart.series.push_back(series_by_width(layer.layer, study.widths, layer.values.back()));
    for (std::size_t update = 0; update <= last; ++update) {
      for (std::size_t w = 0; w < study.widths.size(); ++w) {
        table.add({layer.layer, static_cast<std::int64_t>(update), study.widths[w],
                   analysis::Interval(over_seeds(layer.values[update][w])),
                   analysis::Interval(over_seeds(layer.changes[update][w]))});
      }
    }
  }
  charts_.push_back(std::move(chart));
  tables_.push_back(std::move(table));
}

void WidthCharts::add(const conformance::WidthStudy& study,
                      const std::vector<WidthLosses>& losses) {
  analysis::Chart chart = chart_by_width(study);
  chart.name = "training_loss_by_width";
  chart.title = fmt::format("{}: training loss by width, {}", study.model, rate_text(study));
  chart.y_label = "training loss";
  analysis::Table table;
  table.name = chart.name;
  table.columns = {
      {"parametrisation"}, {"width", ColumnKind::count}, {"training loss", ColumnKind::estimate}};
  for (const WidthLosses& one : losses) {
    chart.series.push_back(series_by_width(one.parametrisation, study.widths, one.losses));
    for (std::size_t w = 0; w < study.widths.size(); ++w) {
      table.add(
          {one.parametrisation, study.widths[w], analysis::Interval(over_seeds(one.losses[w]))});
    }
  }
  charts_.push_back(std::move(chart));
  tables_.push_back(std::move(table));
}

std::vector<std::filesystem::path> WidthCharts::write(
    const std::filesystem::path& folder,
    const std::function<std::string(const std::string&)>& pdf) const {
  report::WholeFiles files;
  files.make_folder(folder);
  std::vector<std::filesystem::path> written;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    written.push_back(folder / name);
    files.add(written.back(), bytes);
  };
  for (std::size_t i = 0; i < charts_.size(); ++i) {
    const std::string svg = report::svg_chart(charts_[i], charts_[i].name, true);
    add(charts_[i].name + ".svg", svg);
    if (pdf) add(charts_[i].name + ".pdf", pdf(svg));
    add(tables_[i].name + ".csv", report::csv_of(tables_[i]));
    add(tables_[i].name + ".md", report::markdown_of(tables_[i]));
    add(tables_[i].name + ".tex", report::latex_of(tables_[i]));
  }
  files.keep();
  return written;
}

}  // namespace spurion::cli
