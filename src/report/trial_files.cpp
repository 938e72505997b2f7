#include "report/trial_files.hpp"

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

#include "analysis/metric_info.hpp"
#include "harness/suite/trial_ids.hpp"
#include "report/csv/csv_text.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::report {

namespace {

/// The trials without repetition: one of several experiments is there once for each.
template <class Each>
void each_trial_once(const StoredResults& results, Each each) {
  TrialIds ids;
  std::unordered_set<TrialId, TrialIdHash> seen;
  for (const TrialResult& trial : results.trials) {
    const TrialId id = ids(trial.spec);
    if (seen.insert(id).second) each(trial, id);
  }
}

/// Whether a domain's numbers are among a trial's final scores. Those of the dial, of single train
/// domains and of the windows and phases of a stream are in measurements.csv only.
bool is_scored(const std::string& domain) {
  return domain == "in_distribution" || domain == "test" || domain == "coefficients" ||
         domain.compare(0, 5, "test_") == 0 || domain.compare(0, 4, "cue_") == 0;
}

/// The columns that differ from report to report: options and final scores.
class Columns {
 public:
  explicit Columns(const StoredResults& results) {
    std::unordered_set<const void*> known[kSections];  // options that trials share in memory
    std::map<std::pair<std::string, std::string>, std::size_t> scores;
    for (const TrialResult& trial : results.trials) {
      const auto sections = analysis::sections_of(trial.spec);
      for (std::size_t s = 0; s < kSections; ++s) {
        const Value& options = *sections[s].second;
        if (!options.is_table() || !known[s].insert(&options.as_table()).second) continue;
        for (const auto& [option, value] : options.as_table()) options_[s].insert(option);
      }
      for (const MeasurementRow row : trial.measurements) {
        if (is_scored(row.domain)) scores[{row.domain, row.metric}];
      }
    }
    // Those in distribution first, then those of the test domain.
    for (const bool rest : {false, true}) {
      for (const auto& [score, place] : scores) {
        if ((score.first != "in_distribution" && score.first != "test") == rest) {
          places_[score.first].emplace(score.second, scores_.size());
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
      const analysis::MetricInfo info = analysis::metric_info(metric);
      all.push_back(
          {domain + "." + metric,
           fmt::format("{}, {}; the last measurement", info.meaning, analysis::domain_info(domain)),
           info.unit, info.range});
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
      out.append(text.data(), text.data() + text.size());
    }
  }

  void write_scores(const TrialResult& trial, fmt::memory_buffer& out) {
    values_.assign(scores_.size(), std::nan(""));
    for (const MeasurementRow row : trial.measurements) {
      const auto domain = places_.find(row.domain);
      if (domain == places_.end()) continue;
      values_[domain->second.at(row.metric)] = row.value;  // later rows are later measurements
    }
    for (const double value : values_) {
      fmt::format_to(std::back_inserter(out), ",{}", csv_number(value));
    }
  }

 private:
  static constexpr std::size_t kSections = 7;
  std::array<std::set<std::string>, kSections> options_;
  std::array<std::unordered_map<const void*, std::string>, kSections> option_texts_;
  std::vector<std::pair<std::string, std::string>> scores_;  // domain and metric
  std::unordered_map<std::string, std::unordered_map<std::string, std::size_t>> places_;
  std::vector<double> values_;
};

}  // namespace

void add_results_file(const StoredResults& results, CsvFolder& folder) {
  Columns columns(results);
  const std::vector<ColumnDoc> docs = columns.docs();
  std::ostream& file = folder.begin(
      "results", "One line for each trial and experiment: options, status, final scores and costs.",
      docs);
  std::vector<std::string> names;
  for (const ColumnDoc& doc : docs) names.push_back(doc.name);
  file << csv_record(names);
  TrialIds ids;
  fmt::memory_buffer line;
  for (const TrialResult& trial : results.trials) {
    const TrialSpec& spec = trial.spec;
    const Cost& cost = trial.cost;
    line.clear();
    fmt::format_to(
        std::back_inserter(line), "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
        ids(spec).text(), csv_field(spec.experiment), csv_field(spec.environment.name),
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

std::int64_t measurement_count(const StoredResults& results) {
  std::size_t count = 0;
  each_trial_once(results, [&](const TrialResult& trial, const TrialId& /*id*/) {
    count += trial.measurements.size();
  });
  return static_cast<std::int64_t>(count);
}

void add_measurements_file(const StoredResults& results, CsvFolder& folder) {
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
  fmt::memory_buffer lines;
  each_trial_once(results, [&](const TrialResult& trial, const TrialId& id) {
    lines.clear();
    const std::string text = id.text();
    for (const MeasurementRow row : trial.measurements) {
      fmt::format_to(std::back_inserter(lines), "{},{},{},{},{},{},{}\n", text, row.phase, row.step,
                     csv_field(row.domain), csv_number(row.shift), csv_field(row.metric),
                     csv_number(row.value));
    }
    file.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  });
}

}  // namespace spurion::report
