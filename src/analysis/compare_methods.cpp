#include <fmt/format.h>

#include <map>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// Values by setting and seed.
using Cells = std::map<std::string, std::map<std::int64_t, double>>;

Cells collect(const ResultsView& view, const std::string& method, const std::string& domain,
              const std::string& metric) {
  Cells cells;
  for (const auto& row : view.rows()) {
    if (row.method != method) continue;
    if (const auto value = number(*row.trial, domain, metric)) {
      cells[row.setting][row.trial->spec.seed] = *value;
    }
  }
  return cells;
}

std::vector<std::vector<double>> strata_of(const Cells& cells) {
  std::vector<std::vector<double>> strata;
  for (const auto& [setting, seeds] : cells) {
    strata.emplace_back();
    for (const auto& [seed, value] : seeds) strata.back().push_back(value);
  }
  return strata;
}

std::vector<double> flat(const Cells& cells) {
  std::vector<double> all;
  for (const auto& stratum : strata_of(cells))
    all.insert(all.end(), stratum.begin(), stratum.end());
  return all;
}

std::string cell(const Cells& cells, const std::string& metric, const std::string& key) {
  return cells.empty() ? "-"
                       : show(confined(stratified_mean(strata_of(cells), key), range_of(metric)));
}

/// Differences to the baseline on the same setting and seed; and their means over settings, one a
/// seed, which are what the permutation test may treat as independent.
struct Paired {
  Cells each;
  std::vector<double> by_seed;
};

Paired pair(const Cells& method, const Cells& baseline) {
  Paired paired;
  std::map<std::int64_t, std::vector<double>> seeds;
  for (const auto& [setting, values] : method) {
    const auto other = baseline.find(setting);
    if (other == baseline.end()) continue;
    for (const auto& [seed, value] : values) {
      if (const auto match = other->second.find(seed); match != other->second.end()) {
        paired.each[setting][seed] = value - match->second;
        seeds[seed].push_back(value - match->second);
      }
    }
  }
  for (const auto& [seed, values] : seeds) paired.by_seed.push_back(mean(values));
  return paired;
}

}  // namespace

Answer compare_methods(const StoredResults& results, const Question& question) {
  const ResultsView view(results, question.experiment);
  const std::string baseline = text_option(question, "baseline", "erm");
  Answer answer;
  Table table{
      "methods_" + question.experiment,
      fmt::format(
          "Methods in experiment '{}': mean {} with {} "
          "over seeds, other settings averaged. OOD - {}: paired on settings and seeds; "
          "p: sign-flip permutation test over seeds (n seeds cannot give less than 2^(1-n)), "
          "Holm-corrected. Flip rate: share "
          "of predictions that change when only the cue does. c: confusion index, 0 "
          "invariant, 1 cue only; of the settings in whose test domain to follow the cue costs "
          "something, - where there is none.",
          question.experiment, view.score_text(), kIntervalText, baseline),
      {"method", "ID", "OOD", "OOD IQM", "gap", "worst group", "flip rate", "c",
       "OOD - " + baseline, "p", "trials", "diverged", "may see"},
      {}};
  const Cells reference = collect(view, baseline, "test", view.score());
  std::vector<double> p_values;
  std::vector<std::string> compared;
  std::map<std::string, Estimate> differences;
  for (const std::string& method : view.methods(baseline)) {
    const Cells ood = collect(view, method, "test", view.score());
    const auto key = [&](const char* what) {
      return fmt::format("{} {} {}", question.experiment, method, what);
    };
    const auto shown = [&](const char* domain, const std::string& metric, const char* what) {
      return cell(collect(view, method, domain, metric), metric, key(what));
    };
    std::string difference = "-";
    if (method != baseline && !reference.empty()) {
      const Paired paired = pair(ood, reference);
      differences[method] = stratified_mean(strata_of(paired.each), key("difference"));
      difference = show(differences[method]);
      p_values.push_back(sign_flip_p(paired.by_seed, key("p")));
      compared.push_back(method);
    }
    const auto access = results.context.find("access." + method);
    table.rows.push_back(
        {method, shown("id", view.score(), "id"), shown("test", view.score(), "ood"),
         ood.empty() ? "-" : show(interquartile_mean(flat(ood))), shown("test", "gap", "gap"),
         shown("test", "worst_group_accuracy", "worst"), shown("test", "flip_rate", "flip"),
         shown("test", "confusion_index", "confusion"), difference, "-",
         fmt::format("{}", flat(ood).size()), fmt::format("{}", view.diverged(method)),
         access == results.context.end() ? "-" : access->second});
  }
  const auto adjusted = holm(p_values);
  const bool accuracy = view.score() == "accuracy";
  for (std::size_t i = 0; i < compared.size(); ++i) {
    for (auto& row : table.rows) {
      if (row[0] == compared[i]) row[9] = show(adjusted[i]);
    }
    const Estimate& d = differences[compared[i]];
    const bool better = accuracy ? d.low > 0 : d.high < 0;
    const bool worse = accuracy ? d.high < 0 : d.low > 0;
    answer.sentence += fmt::format("{} {} {} out of distribution by {} (p = {}). ", compared[i],
                                   better ? "beats" : (worse ? "does worse than" : "differs from"),
                                   baseline, show(d), show(adjusted[i]));
  }
  if (answer.sentence.empty() && !table.rows.empty()) {
    answer.sentence =
        fmt::format("{}: {} in distribution, {} out of distribution.", table.rows.front()[0],
                    table.rows.front()[1], table.rows.front()[2]);
  }
  if (answer.sentence.empty()) answer.sentence = "No trial of this experiment has finished.";
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
