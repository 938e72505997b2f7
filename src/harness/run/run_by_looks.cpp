#include "harness/run/run_by_looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "analysis/answered_questions.hpp"
#include "analysis/decided.hpp"
#include "analysis/looks.hpp"
#include "core/counted.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

namespace {

/// How far an experiment is.
struct LookPlace {
  std::vector<analysis::Look> looks;
  std::size_t at = 0;
  bool ended = false;
  bool decided = false;

  [[nodiscard]] std::int64_t seeds() const { return looks[at].seeds; }
};

/// By experiment.
using LookPlaces = std::map<std::string, LookPlace>;

/// The trials of the looks that are due, with the facts of the run.
CheckedRun part_of(const CheckedRun& run, const LookPlaces& places) {
  CheckedRun part;
  part.pool = run.pool;
  part.context = run.context;
  part.data = run.data;
  part.maker = run.maker;
  part.jobs = run.jobs;
  for (std::size_t i = 0; i < run.trials.size(); ++i) {
    if (run.trials[i].seed >= places.at(run.trials[i].experiment).seeds()) continue;
    part.trials.push_back(run.trials[i]);
    part.ids.push_back(run.ids[i]);
  }
  // A report of a run that has stopped misses nothing.
  const std::unordered_set<TrialId, TrialIdHash> distinct(part.ids.begin(), part.ids.end());
  part.distinct = static_cast<std::int64_t>(distinct.size());
  part.context["trials"] = fmt::format("{}", part.distinct);
  return part;
}

/// What became of an experiment, as reports say it.
std::string look_text(const std::string& name, const LookPlace& place) {
  const std::string where =
      fmt::format("Experiment '{}' was looked at {}: at {} of {}", name,
                  core::counted(static_cast<std::int64_t>(place.at) + 1, "time"), place.seeds(),
                  core::counted(place.looks.back().seeds, "seed"));
  return place.decided && place.seeds() < place.looks.back().seeds
             ? fmt::format(
                   "{} it stopped, since all questions about it are decided. Its tests are "
                   "those of this look: a difference is shown from p = {:.2g} on, so that "
                   "all looks together show one where there is none in at most 5 % of runs.",
                   where, place.looks[place.at].level)
             : fmt::format(
                   "{} it ended{}. Its tests are those of this look: a difference is shown "
                   "from p = {:.2g} on.",
                   where, place.decided ? "" : ", with questions that are not decided",
                   place.looks[place.at].level);
}

/// The place of every experiment of the suite before the first look.
LookPlaces first_looks(const Suite& suite) {
  LookPlaces places;
  for (const Experiment& one : suite.experiments) {
    places[one.name].looks = analysis::looks_of(suite.stopping, one.seeds);
  }
  return places;
}

/// Looks at the results: ends the experiments that are decided or have no further look, and moves
/// the others to their next. Whether any goes on.
bool look_at_results(const Suite& suite, const Catalog& catalog, const RunOptions& options,
                     LookPlaces& places) {
  const StoredResults results = read_results(options.out);
  const std::set<std::string> decided =
      analysis::decided_experiments(results, suite.stopping.margin, catalog.questions);
  bool goes_on = false;
  for (auto& [name, place] : places) {
    if (place.ended) continue;
    place.decided = decided.count(name) != 0;
    place.ended = place.decided || place.at + 1 == place.looks.size();
    if (place.ended) continue;
    ++place.at;
    goes_on = true;
  }
  return goes_on;
}

}  // namespace

Progress run_suite_checked(const Suite& suite, const Catalog& catalog, CheckedRun& run,
                           const RunOptions& options) {
  if (!suite.stopping.when_decided) return run_checked(run, options);
  LookPlaces places = first_looks(suite);
  std::size_t most = 0;
  for (const auto& [name, place] : places) most = std::max(most, place.looks.size());
  Progress progress;
  std::vector<std::string> notes;
  for (std::size_t look = 1;; ++look) {
    RunOptions own = options;
    const std::string text = fmt::format("look {} of {}", look, most);
    if (options.progress) {
      own.progress = [&](const Progress& now) {
        Progress told = now;
        told.look = text;
        options.progress(told);
      };
    }
    CheckedRun part = part_of(run, places);
    progress = run_checked(part, own);
    progress.look = text;
    notes.insert(notes.end(), progress.notes.begin(), progress.notes.end());
    if (!look_at_results(suite, catalog, options, places)) break;
  }
  progress.notes = std::move(notes);
  std::map<std::string, std::string> facts;
  for (const auto& [name, place] : places) facts["look." + name] = look_text(name, place);
  Store(options.out).set_context(facts);
  return progress;
}

}  // namespace spurion::harness
