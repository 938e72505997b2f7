#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/output.hpp"
#include "cli/pdf_maker.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/rows.hpp"
#include "cli/training/width_charts.hpp"
#include "conformance/width_check.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

constexpr int kTableColumns = 100;

/// The option of a model that is its width.
std::string width_option(const Catalog& catalog, const std::string& model) {
  const AnySchema& schema = catalog.models.at(model).schema;
  for (const char* name : {"width", "channels"}) {
    if (schema.find(name) != nullptr) return name;
  }
  throw UsageError(fmt::format("model '{}' has no option 'width' or 'channels' to change", model));
}

/// Rows of all train domains, the same number of each.
conformance::WidthRows training_rows(const Catalog& catalog, const CheckWidthArguments& arguments) {
  harness::RowSet set;
  set.environment =
      harness::make_component(catalog, arguments.environment,
                              parse_options(arguments.environment_options,
                                            catalog.environments.at(arguments.environment).schema));
  set.split = Split::train;
  const auto environment = harness::make_environment(
      set, catalog, std::make_shared<const DataSources>(catalog.image_sources));
  const std::vector<Domain> domains = environment->train_domains();
  const auto count = static_cast<std::int64_t>(domains.size());
  const std::int64_t each = std::max<std::int64_t>(1, arguments.rows / count);
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (const Domain& domain : domains) {
    const std::int64_t there = environment->row_limit(domain, Split::train);
    const Sample sample = environment->sample(domain, Split::train, {0, std::min(each, there)});
    x.push_back(sample.x);
    y.push_back(sample.y);
  }
  const EnvironmentInfo& info = environment->info();
  return {info.task, info.outputs, at::cat(x).unsqueeze(0), at::cat(y).reshape({1, 1, -1})};
}

conformance::WidthStudy study_of(const Catalog& catalog, const CheckWidthArguments& arguments,
                                 const std::string& parametrisation) {
  conformance::WidthStudy study;
  study.model = arguments.model;
  study.options = parse_options(arguments.options, catalog.models.at(arguments.model).schema);
  if (!study.options.is_table()) study.options = Value::Table{};
  study.width_option = width_option(catalog, arguments.model);
  if (study.options.find(study.width_option) != nullptr) {
    throw UsageError(fmt::format("'{}' is set by --widths", study.width_option));
  }
  study.options.as_table()["parametrisation"] = parametrisation;
  study.widths = arguments.widths;
  std::sort(study.widths.begin(), study.widths.end());
  study.widths.erase(std::unique(study.widths.begin(), study.widths.end()), study.widths.end());
  if (study.widths.size() < 2) throw UsageError("--widths needs two widths or more");
  study.optimizer.name = arguments.optimizer;
  const bool sgd = arguments.optimizer.compare(0, 3, "sgd") == 0;
  study.optimizer.learning_rate =
      arguments.learning_rate > 0.0 ? arguments.learning_rate : (sgd ? 0.1 : 0.01);
  study.seeds = arguments.seeds;
  return study;
}

/// "-0.02"; "-" where it is not known.
std::string slope_text(double slope) {
  return std::isnan(slope) ? std::string("-") : fmt::format("{:+.2f}", slope);
}

std::string trend_text(conformance::WidthTrend trend) {
  if (trend == conformance::WidthTrend::steep) return "no";
  return trend == conformance::WidthTrend::flat ? "yes" : "falls";
}

/// Layer by layer: the mean |activation| at each width after the last update, and its slopes.
void print_layers(const conformance::WidthStudy& study,
                  const std::vector<conformance::LayerSizes>& layers) {
  std::vector<std::string> header = {"layer"};
  for (const std::int64_t width : study.widths) header.push_back(fmt::format("{}", width));
  header.emplace_back("slope before");
  header.emplace_back("after 1");
  header.emplace_back("after all");
  header.emplace_back("of the change");
  header.emplace_back("flat");
  Table table(header);
  for (const conformance::LayerSizes& layer : layers) {
    std::vector<std::string> row = {layer.layer};
    for (const std::vector<double>& seeds : layer.values.back()) {
      row.push_back(fmt::format("{:.3g}", analysis::mean(seeds)));
    }
    for (const std::size_t update : {std::size_t{0}, std::size_t{1}, layer.values.size() - 1}) {
      row.push_back(slope_text(conformance::width_slope(study.widths, layer.values[update])));
    }
    row.push_back(slope_text(conformance::width_slope(study.widths, layer.changes.back())));
    row.push_back(trend_text(conformance::trend_of(study.widths, layer)));
    table.add(std::move(row));
  }
  print("{}", table.text(2, kTableColumns));
}

void print_flatness(const conformance::WidthStudy& study,
                    const std::vector<conformance::LayerSizes>& layers) {
  const auto with = [&](conformance::WidthTrend trend) {
    std::vector<std::string> names;
    for (const conformance::LayerSizes& layer : layers) {
      if (conformance::trend_of(study.widths, layer) == trend) names.push_back(layer.layer);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  };
  const std::string steep = with(conformance::WidthTrend::steep);
  const std::string falls = with(conformance::WidthTrend::falls);
  if (!steep.empty()) {
    print("  Not flat: {} depend on the width.\n", steep);
  } else if (falls.empty()) {
    print("  Flat: no layer depends on the width.\n");
  } else {
    print("  Flat, but {} still fall with the width, as before the first update.\n", falls);
  }
}

void print_losses(const conformance::WidthStudy& study, const std::vector<WidthLosses>& all) {
  std::vector<std::string> header = {"width"};
  for (const WidthLosses& one : all) header.push_back(one.parametrisation);
  Table table(header);
  for (std::size_t w = 0; w < study.widths.size(); ++w) {
    std::vector<std::string> row = {fmt::format("{}", study.widths[w])};
    for (const WidthLosses& one : all) {
      const double loss = analysis::mean(one.losses[w]);
      row.push_back(std::isfinite(loss) ? fmt::format("{:.5f}", loss) : "diverged");
    }
    table.add(std::move(row));
  }
  print("{}", table.text(2, kTableColumns));
  for (const WidthLosses& one : all) {
    print("  {}: the training loss {} with width; it is lowest at width {}.\n", one.parametrisation,
          conformance::improves_with_width(one.losses) ? "improves" : "does not improve",
          study.widths[conformance::best_width(one.losses)]);
  }
}

}  // namespace

int check_width(const CheckWidthArguments& arguments, const Catalog& catalog) {
  const AnySchema& schema = catalog.models.at(arguments.model).schema;
  if (schema.find("parametrisation") == nullptr) {
    throw UsageError(fmt::format("model '{}' has no option 'parametrisation'", arguments.model));
  }
  std::vector<std::string> names = {arguments.parametrisation};
  if (arguments.parametrisation == "both") names = {"standard", "mup"};
  const conformance::WidthRows rows = training_rows(catalog, arguments);
  WidthCharts charts;
  bool as_promised = true;
  std::vector<WidthLosses> losses;
  for (const std::string& name : names) {
    const conformance::WidthStudy study = study_of(catalog, arguments, name);
    const auto layers = conformance::activations_by_width(catalog, study, rows, arguments.steps);
    print("{}: mean |activation| after {} of {}, learning rate {}\n", name,
          count(arguments.steps, "update"), arguments.optimizer,
          study.optimizer.learning_rate.value());
    print_layers(study, layers);
    print_flatness(study, layers);
    as_promised = as_promised && (name != "mup" || conformance::is_flat(study.widths, layers));
    charts.add(name, study, layers);
    if (arguments.train_steps == 0) continue;
    losses.push_back(
        {name, conformance::losses_by_width(catalog, study, rows, arguments.train_steps)});
  }
  const conformance::WidthStudy study = study_of(catalog, arguments, names.front());
  if (!losses.empty()) {
    print("training loss after {}\n", count(arguments.train_steps, "update"));
    print_losses(study, losses);
    charts.add(study, losses);
  }
  if (!arguments.out.empty()) {
    for (const std::filesystem::path& file :
         charts.write(arguments.out, arguments.pdf ? load_pdf_maker() : nullptr)) {
      print("{}\n", file.string());
    }
  }
  return static_cast<int>(as_promised ? ExitCode::success : ExitCode::self_test);
}

}  // namespace spurion::cli
