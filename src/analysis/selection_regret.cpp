#include "analysis/selection_regret.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "analysis/halving.hpp"
#include "analysis/search_edges.hpp"
#include "analysis/selection.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis {

namespace {

/// A selector with or without early stopping, or with successive halving.
struct SelectionWay {
  AppliedSelection applied;
  std::shared_ptr<const Selector> selector;
  bool halving = false;

  /// Whether it is the choice of somebody without test data who trains to the end.
  [[nodiscard]] bool plain() const { return !applied.leak && !applied.early_stopping && !halving; }
  [[nodiscard]] std::string name() const { return applied.text() + (halving ? ", halving" : ""); }
};

/// Trials that differ in seed and hyper-parameter sample only, and where they stand in the grid.
struct SearchedTrials {
  std::vector<const TrialResult*> trials;
  const ResultsView::Row* row = nullptr;  ///< of one of them
  std::int64_t settings = 0;              ///< different hyper-parameters
  std::string place = {};                 ///< the configuration as people read it
};

/// What one way to choose gives for one line.
struct WayScores {
  SeedCells id;
  SeedCells ood;
  SeedCells median;
  std::vector<double> updates;   ///< of each configuration, see `SelectionRow::updates`
  SearchEdges* edges = nullptr;  ///< of all lines; never null where a choice is added
};

/// A score and what its rows leave unsure.
struct NoisyScore {
  double value;
  RowNoise noise;
};

/// The median: of an even number of scores the mean of the middle two.
NoisyScore median_of(std::vector<NoisyScore> scores) {
  std::sort(scores.begin(), scores.end(),
            [](const NoisyScore& a, const NoisyScore& b) { return a.value < b.value; });
  const std::size_t middle = scores.size() / 2;
  NoisyScore median = scores[middle];
  if (scores.size() % 2 == 0) median.value = 0.5 * (scores[middle - 1].value + median.value);
  return median;
}

/// The groups of an experiment of which some trial is done.
std::vector<SearchedTrials> searched_trials(const Study& study, const std::string& experiment,
                                            const ResultsView& view) {
  std::map<const TrialResult*, const ResultsView::Row*> rows;
  for (const ResultsView::Row& row : view.rows()) rows[row.trial] = &row;
  const std::set<std::string>& searched = study.searched_options(experiment);
  std::vector<SearchedTrials> groups;
  const ConfigurationNames names(study.trials(experiment), searched);
  for (auto& trials : search_groups(study.trials(experiment), searched)) {
    SearchedTrials group;
    for (const TrialResult* trial : trials) {
      const auto found = rows.find(trial);
      if (group.row == nullptr && found != rows.end()) group.row = found->second;
    }
    if (group.row == nullptr) continue;
    group.settings = count_samples(trials, searched);
    group.place = names.of(*trials.front());
    group.trials = std::move(trials);
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<SelectionWay> selection_ways(const Study& study, const std::string& experiment,
                                         const std::vector<std::string>& selectors) {
  const auto& trials = study.trials(experiment);
  const bool stopping = std::any_of(trials.begin(), trials.end(), [](const TrialResult* trial) {
    return can_stop_early(*trial);
  });
  const bool probed = std::any_of(trials.begin(), trials.end(), [](const TrialResult* trial) {
    return first_probe(trial->spec).has_value();
  });
  std::vector<SelectionWay> ways;
  for (const std::string& name : selectors.empty() ? study.selectors().names() : selectors) {
    const std::shared_ptr<const Selector> selector = study.selectors().at(name).make({Value()});
    // It has a row where trials were trained for it, or where it is named.
    if (selectors.empty() && selector->access() == SelectorAccess::held_out_domains &&
        study.held_out_trials(experiment).empty()) {
      continue;
    }
    if (selectors.empty() && selector->access() == SelectorAccess::probes && !probed) continue;
    for (const bool early : {false, true}) {
      if (early && !stopping) continue;
      ways.push_back({{name, early, selector->leaks()}, selector});
    }
    // Nobody saves updates by a leak.
    if (stopping && !selector->leaks()) ways.push_back({{name, false, false}, selector, true});
  }
  std::stable_partition(ways.begin(), ways.end(),
                        [](const SelectionWay& way) { return !way.applied.leak; });
  return ways;
}

/// Replaces the choice by that of successive halving; no sample where it cannot be replayed.
void choose_by_halving(Chooser& chooser, Choice& choice, std::vector<double>& updates) {
  std::vector<ScoredUpdates> scored;
  for (const TrialAt& one : choice.trials) {
    const TrialSpec& spec = one.trial->spec;
    scored.push_back({spec.config_index, spec.seed, chooser.scores(*one.trial)});
  }
  const std::optional<Halving> halving = halve(scored);
  choice.sample = halving ? std::optional<std::int64_t>(halving->sample) : std::nullopt;
  if (halving) updates.push_back(halving->share);
}

/// Adds what a way gives for one group.
void add_choice(const SearchedTrials& group, const std::string& score, const SelectionWay& way,
                Chooser& chooser, WayScores& out) {
  const std::string test = core::stored_domain(core::MeasuredIn::test);
  const std::string train = core::stored_domain(core::MeasuredIn::in_distribution);
  const std::string& configuration = group.row->configuration;
  Choice choice = chooser.choose(group.trials);
  if (way.halving) choose_by_halving(chooser, choice, out.updates);
  if (choice.sample && way.plain()) {
    out.edges->add(group.trials, *choice.sample, group.place);
  }
  std::map<std::int64_t, std::vector<NoisyScore>> seeds;
  for (const TrialAt& one : choice.trials) {
    if (one.trial->status != Status::done) continue;
    const TrialSpec& spec = one.trial->spec;
    const bool chosen = choice.sample == spec.config_index;
    if (const auto value = number(one, test, score)) {
      const RowNoise noise = row_noise(*one.trial, test, score, *value);
      seeds[spec.seed].push_back({*value, noise});
      if (chosen) out.ood.add(configuration, spec.seed, *value, noise);
    }
    if (const auto value = number(one, train, score); value && chosen) {
      out.id.add(configuration, spec.seed, *value, row_noise(*one.trial, train, score, *value));
    }
  }
  for (auto& [seed, scores] : seeds) {
    const NoisyScore median = median_of(std::move(scores));
    out.median.add(configuration, seed, median.value, median.noise);
  }
}

/// Where the oracle is among the ways, with the same use of early stopping.
std::optional<std::size_t> oracle_beside(const std::vector<SelectionWay>& ways,
                                         const SelectionWay& way) {
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const AppliedSelection& other = ways[i].applied;
    if (other.selector == kOracleSelector && other.early_stopping == way.applied.early_stopping) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace

SelectionRows selection_rows(const Study& study, const std::string& experiment,
                             const ResultsView& view, const std::vector<std::string>& selectors) {
  const std::vector<SelectionWay> ways = selection_ways(study, experiment, selectors);
  const std::vector<SearchedTrials> groups = searched_trials(study, experiment, view);
  const bool accuracy = view.scored_by_accuracy();
  const Range range = range_of(view.score(), accuracy);
  std::vector<Chooser> choosers;
  choosers.reserve(ways.size());
  std::vector<SearchEdges> edges(ways.size(), SearchEdges(study.searched_options(experiment)));
  for (const SelectionWay& way : ways) {
    choosers.emplace_back(SelectionRule{way.selector.get(), way.applied.early_stopping});
    choosers.back().set_held_out(study.held_out_trials(experiment));
  }
  SelectionRows out;
  std::vector<SelectionRow>& rows = out.rows;
  std::vector<PairedTest> tests;
  std::vector<std::size_t> tested;  // rows
  for (const ResultsView::Line& line : view.lines_by_environment("erm")) {
    std::vector<WayScores> scores(ways.size());
    for (std::size_t w = 0; w < ways.size(); ++w) scores[w].edges = &edges[w];
    std::int64_t settings = 0;
    for (const SearchedTrials& group : groups) {
      if (!line.holds(*group.row)) continue;
      settings = std::max(settings, group.settings);
      for (std::size_t w = 0; w < ways.size(); ++w) {
        add_choice(group, view.score(), ways[w], choosers[w], scores[w]);
      }
    }
    for (std::size_t w = 0; settings > 0 && w < ways.size(); ++w) {
      const SelectionWay& way = ways[w];
      const std::string key = fmt::format("selection {} {} {} {} ", experiment, line.name,
                                          line.environment, way.name());
      rows.push_back({line, way.applied, way.name(), selector_access_text(way.selector->access()),
                      way.halving, way.halving ? mean(scores[w].updates) : 1.0,
                      scores[w].id.estimate(key + "id", range),
                      scores[w].ood.estimate(key + "ood", range),
                      scores[w].median.estimate(key + "median", range), settings});
      const std::optional<std::size_t> oracle = oracle_beside(ways, way);
      if (way.applied.leak || !oracle) continue;
      const SeedCells& best = scores[*oracle].ood;
      const SeedCells regret = accuracy ? best.minus(scores[w].ood) : scores[w].ood.minus(best);
      if (regret.empty()) continue;
      rows.back().regret = regret.estimate(key + "regret", accuracy ? kDifference : Range{});
      tests.push_back(paired_test(regret, key + "p"));
      tested.push_back(rows.size() - 1);
    }
  }
  adjust(tests);
  for (std::size_t i = 0; i < tests.size(); ++i) rows[tested[i]].test = tests[i];
  for (std::size_t w = 0; w < ways.size(); ++w) out.edges += edges[w].text(" of " + ways[w].name());
  return out;
}

}  // namespace spurion::analysis
