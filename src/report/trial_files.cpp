#include "report/trial_files.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analysis/by_layout.hpp"
#include "core/measurement_names.hpp"
#include "report/csv/csv_text.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/stored_metrics.hpp"

namespace spurion::report {

namespace {

/// A number as `csv_number` has it.
void append_number(double value, fmt::memory_buffer& out) {
  if (std::isfinite(value)) fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value);
}

void append_text(const std::string& text, fmt::memory_buffer& out) {
  out.append(text.data(), text.data() + text.size());
}

/// Whether a domain's numbers are among a trial's final scores. Those of the shift, of single train
/// domains and of the windows and phases of a stream are in measurements.csv only.
bool is_scored(const std::string& domain) {
  switch (core::parse_domain(domain).in) {
    case core::MeasuredIn::in_distribution:
    case core::MeasuredIn::test:
    case core::MeasuredIn::test_cue:
    case core::MeasuredIn::cue:
    case core::MeasuredIn::coefficients:
      return true;
    default:
      return false;
  }
}

/// Whether a domain's numbers stand before those of other domains.
bool is_first(const std::string& domain) {
  const core::MeasuredIn in = core::parse_domain(domain).in;
  return in == core::MeasuredIn::in_distribution || in == core::MeasuredIn::test;
}

/// The columns that differ from report to report: options and final scores.
class Columns {
 public:
  explicit Columns(const StoredResults& results) : metrics_(results) {
    std::unordered_set<const void*> known[kSections];  // options that trials share in memory
    std::map<std::pair<std::string, std::string>, std::size_t> scores;
    std::unordered_set<const void*> layouts;  // trials that were measured alike have the same
    for (const TrialResult& trial : results.trials) {
      const auto sections = analysis::sections_of(trial.spec);
      for (std::size_t s = 0; s < kSections; ++s) {
        const Value& options = *sections[s].second;
        if (!options.is_table() || !known[s].insert(&options.as_table()).second) continue;
        for (const auto& [option, value] : options.as_table()) options_[s].insert(option);
      }
      if (!layouts.insert(trial.measurements.layout()).second) continue;
      for (const MeasurementRow row : trial.measurements) {
        if (is_scored(row.domain)) scores[{row.domain, row.metric}];
      }
    }
    // Those in distribution first, then those of the test domain.
    for (const bool rest : {false, true}) {
      for (const auto& [score, place] : scores) {
        if (is_first(score.first) != rest) {
          places_.emplace(score, scores_.size());
          scores_.push_back(score);
        }
      }
    }
  }

  [[nodiscard]] std::vector<ColumnDoc> docs() const {
    std::vector<ColumnDoc> all = {
        {"trial", "id of the trial, a hash of its options; the key of measurements.csv"},
        {"experiment",
         "experiment of the suite; a trial of several experiments has one line for each"},
        {"environment", "name of the environment"},
        {"model", "name of the model"},
        {"method", "name of the method"},
        {"regime", "name of the regime"},
        {"seed", "data, initialisation and order of minibatches depend on it", "", "whole, >= 0"},
        {"config_index", "index of the sampled hyper-parameter configuration; 0 if none is sampled",
         "", "whole, >= 0"},
        {"base_seed", "base_seed of the suite", "", "whole"},
        {"status", "how the trial ended", "", "done, diverged or failed"},
        {"message", "why it diverged or failed; first line"},
        {"flops", "floating-point operations of the training, counted", "floating-point operations",
         "[0, inf)"},
        {"steps", "updates made", "updates", "whole, >= 0"},
        {"rows_seen", "rows that entered a gradient", "rows", "whole, >= 0"},
        {"labels_used", "distinct labels revealed", "labels", "whole, >= 0"},
        {"seconds",
         "share of the wall time of the trials that trained together; differs from run to run", "s",
         "[0, inf)"},
        {"replicas", "number of trials that trained together", "trials", "whole, >= 1"}};
    const auto sections = analysis::sections_of({});
    for (std::size_t s = 0; s < kSections; ++s) {
      const char* section = sections[s].first;
      for (const std::string& name : options_[s]) {
        all.push_back(
            {fmt::format("{}.{}", section, name),
             fmt::format(
                 "option {} of the {}; empty if it has no such option; see 'spurion describe'",
                 name, section)});
      }
    }
    for (const auto& [domain, metric] : scores_) {
      const MetricInfo info = metrics_.of(metric);
      all.push_back(
          {domain + "." + metric,
           fmt::format("{}, {}; the last measurement", info.meaning, core::domain_phrase(domain)),
           info.unit, info.range_text()});
    }
    return all;
  }

  /// Each with a comma before it.
  void write_options(const TrialSpec& spec, fmt::memory_buffer& out) {
    const auto sections = analysis::sections_of(spec);
    for (std::size_t s = 0; s < kSections; ++s) {
      const Value& options = *sections[s].second;
      const void* place = options.is_table() ? &options.as_table() : nullptr;
      const auto [known, added] = option_texts_[s].try_emplace(place);
      std::string& text = known->second;
      if (added) {
        for (const std::string& name : options_[s]) {
          const Value* value = place == nullptr ? nullptr : options.find(name);
          text += ',';
          if (value == nullptr) continue;
          text += csv_field(value->is_string() ? value->as_string() : value->canonical_json());
        }
      }
      append_text(text, out);
    }
  }

  void write_scores(const TrialResult& trial, fmt::memory_buffer& out) {
    const auto& columns =
        columns_.of(trial, [&](const TrialResult& one) { return columns_of(one); });
    values_.assign(scores_.size(), std::nan(""));
    for (const auto& [place, column] : columns) {
      values_[column] = trial.measurements.value(place);  // later rows are later measurements
    }
    for (const double value : values_) {
      out.push_back(',');
      append_number(value, out);
    }
  }

 private:
  /// Places of final scores among the numbers of a trial, and their columns.
  using Places = std::vector<std::pair<std::size_t, std::size_t>>;

  [[nodiscard]] Places columns_of(const TrialResult& trial) const {
    Places columns;
    std::size_t place = 0;
    for (const MeasurementRow row : trial.measurements) {
      const auto column = places_.find({row.domain, row.metric});
      if (column != places_.end()) columns.emplace_back(place, column->second);
      ++place;
    }
    return columns;
  }

  static constexpr std::size_t kSections = 7;
  analysis::StoredMetrics metrics_;
  std::array<std::set<std::string>, kSections> options_;
  std::array<std::unordered_map<const void*, std::string>, kSections> option_texts_;
  std::vector<std::pair<std::string, std::string>> scores_;  // domain and metric
  std::map<std::pair<std::string, std::string>, std::size_t> places_;
  analysis::ByLayout<Places> columns_;
  std::vector<double> values_;
};

/// Of each number of a trial what stands before it in its line, but for the trial's id.
std::vector<std::string> line_beginnings(const TrialResult& trial) {
  std::vector<std::string> beginnings;
  for (const MeasurementRow row : trial.measurements) {
    beginnings.push_back(fmt::format(",{},{},{},{},{},", row.phase, row.step, csv_field(row.domain),
                                     csv_number(row.shift), csv_field(row.metric)));
  }
  return beginnings;
}

}  // namespace

TrialKeys::TrialKeys(const harness::IdentifiedResults& identified)
    : ids(identified.ids), first(harness::first_times(identified.ids)) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!first[i]) continue;
    measurements += static_cast<std::int64_t>(identified.results.trials[i].measurements.size());
  }
}

void add_results_file(const StoredResults& results, const TrialKeys& keys, CsvFolder& folder) {
  Columns columns(results);
  const std::vector<ColumnDoc> docs = columns.docs();
  std::ostream& file = folder.begin(
      "results", "One line for each trial and experiment: options, status, final scores and costs.",
      docs);
  std::vector<std::string> names;
  for (const ColumnDoc& doc : docs) names.push_back(doc.name);
  file << csv_record(names);
  fmt::memory_buffer line;
  std::size_t number = 0;
  for (const TrialResult& trial : results.trials) {
    const TrialSpec& spec = trial.spec;
    const Cost& cost = trial.cost;
    line.clear();
    fmt::format_to(
        std::back_inserter(line), "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
        keys.ids[number++].text(), csv_field(spec.experiment), csv_field(spec.environment.name),
        csv_field(spec.model.name), csv_field(spec.method.name), csv_field(spec.regime.name),
        spec.seed, spec.config_index, spec.base_seed, status_name(trial.status),
        csv_field(trial.message.substr(0, trial.message.find('\n'))), csv_number(cost.flops),
        cost.steps, cost.rows_seen, cost.labels_used, csv_number(cost.seconds), cost.replicas);
    columns.write_options(spec, line);
    columns.write_scores(trial, line);
    line.push_back('\n');
    file.write(line.data(), static_cast<std::streamsize>(line.size()));
  }
}

void add_measurements_file(const StoredResults& results, const TrialKeys& keys, CsvFolder& folder) {
  std::ostream& file =
      folder.begin("measurements", "One line for each stored number, in the order of measurement.",
                   {{"trial", "id of the trial: the key of results.csv"},
                    {"phase", "phase of the stream; 0 without a stream", "", "whole, >= 0"},
                    {"step", "number of updates before the measurement", "updates", "whole, >= 0"},
                    {"domain", "domain of the measurement"},
                    {"shift", "shift of that domain"},
                    {"metric", "name of the metric; dictionary.csv explains it"},
                    {"value", "value of the metric; empty if it is not finite"}});
  file << "trial,phase,step,domain,shift,metric,value\n";
  analysis::ByLayout<std::vector<std::string>> beginnings;
  fmt::memory_buffer lines;
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    if (!keys.first[i]) continue;
    const TrialResult& trial = results.trials[i];
    const std::string id = keys.ids[i].text();
    lines.clear();
    std::size_t place = 0;
    for (const std::string& beginning : beginnings.of(trial, line_beginnings)) {
      append_text(id, lines);
      append_text(beginning, lines);
      append_number(trial.measurements.value(place++), lines);
      lines.push_back('\n');
    }
    file.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  }
}

}  // namespace spurion::report
