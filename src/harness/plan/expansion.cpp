#include "harness/plan/expansion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/counted.hpp"
#include "core/place_of.hpp"
#include "harness/plan/grid_axes.hpp"
#include "harness/plan/memory_budget.hpp"
#include "harness/plan/normaliser.hpp"
#include "harness/plan/search_plan.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

constexpr std::int64_t kMostCounted = std::int64_t{1} << 61;
/// A suite with more problems than a person reads is not expanded any further.
constexpr std::size_t kMostProblems = 50;

std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? kMostCounted : std::min(result, kMostCounted);
}

/// Which trials of a suite are wanted, by their places.
struct WantedPlaces {
  const std::vector<std::uint32_t>* places = nullptr;  ///< rising; null: all
  std::int64_t next = 0;                               ///< place of the trial that comes next

  /// Whether any of the next so many is wanted; if none is, they are passed over.
  bool any_of(std::int64_t count) {
    if (places == nullptr) return true;
    const auto found = std::lower_bound(places->begin(), places->end(), next);
    if (found != places->end() && *found < next + count) return true;
    next += count;
    return false;
  }
};

/// Grows the trials of one experiment.
class ExperimentExpansion {
 public:
  ExperimentExpansion(const Suite& suite, const Experiment& experiment, Normaliser& normaliser,
                      WantedPlaces& wanted, Expansion& out)
      : suite_(suite),
        experiment_(experiment),
        normaliser_(normaliser),
        problems_(normaliser.problems()),
        wanted_(wanted),
        out_(out),
        axes_(read_axes(experiment, problems_)),
        whole_(axes_.size() == experiment.grid.as_table().size()),
        search_(experiment, axes_, suite.base_seed, normaliser) {}

  void run() {
    if (experiment_.seeds < 1) {
      normaliser_.report(fmt::format("experiment '{}': seeds must be >= 1, got {}",
                                     experiment_.name, experiment_.seeds));
      return;
    }
    // Without one of its axes an experiment seems to lack what that axis would give.
    if (!whole_) return;
    const std::size_t first = out_.ids.size();
    walk(0, experiment_.sections);
    if (search_.active() && wanted_.places == nullptr) search_.report_unused();
    report_repeated(first);
  }

 private:
  /// Refuses trials that are there twice among those from a place on. A list that is sorted once
  /// leaves no gaps in the memory between the sections of the trials, as a set does.
  void report_repeated(std::size_t first) {
    std::vector<std::pair<TrialId, std::size_t>> places;
    places.reserve(out_.ids.size() - first);
    for (std::size_t i = first; i < out_.ids.size(); ++i) places.emplace_back(out_.ids[i], i);
    std::sort(places.begin(), places.end());
    std::int64_t repeated = 0;
    std::size_t earliest = out_.ids.size();
    for (std::size_t i = 1; i < places.size(); ++i) {
      if (!(places[i].first == places[i - 1].first)) continue;
      ++repeated;
      earliest = std::min(earliest, places[i].second);
    }
    if (repeated == 0) return;
    const TrialSpec& spec = out_.trials[earliest];
    normaliser_.report(fmt::format(
        "the grid of experiment '{}' gives {} of its trials twice, because some values of its "
        "axes are equal after the defaults are filled in; the first is {}, {}, {}, {}",
        experiment_.name, repeated, spec.environment.name, spec.model.name, spec.method.name,
        spec.regime.name));
  }

  [[nodiscard]] bool enough_problems() const { return problems_.list().size() >= kMostProblems; }

  /// How many trials a grid point has whose values of the axes before `axis` are chosen.
  [[nodiscard]] std::int64_t trials_below(std::size_t axis) const {
    std::int64_t count =
        product(experiment_.seeds, std::max<std::int64_t>(experiment_.configurations, 1));
    for (; axis < axes_.size(); ++axis) {
      count = product(count, static_cast<std::int64_t>(axes_[axis].values.size()));
    }
    return count;
  }

  void walk(std::size_t axis, const Value& sections) {
    if (enough_problems()) return;
    if (axis == axes_.size()) {
      finish(sections);
      return;
    }
    const std::int64_t below = trials_below(axis + 1);
    for (const Value& value : axes_[axis].values) {
      if (!wanted_.any_of(below)) continue;
      Value next = sections;
      apply_axis(axes_[axis], value, next);
      walk(axis + 1, next);
    }
  }

  void finish(const Value& sections) {
    Normaliser::Sections base;
    if (!normaliser_.read(sections, experiment_.name, base)) return;
    if (!search_.active()) {
      add(base, sections, 0);
      return;
    }
    const std::vector<SearchPlan::Field> fields =
        search_.fields_of(normaliser_.catalog(), trial_of(base));
    const Normaliser::Flags unique = SearchPlan::unique_sections(fields);
    for (std::int64_t draw = 0; draw < experiment_.configurations && !enough_problems(); ++draw) {
      if (!wanted_.any_of(experiment_.seeds)) continue;
      Value drawn = sections;
      search_.apply(fields, draw, drawn);
      Normaliser::Sections own;
      if (!normaliser_.read(drawn, experiment_.name, own, unique)) return;
      add(own, drawn, draw);
    }
  }

  /// The trials of one setting: one a seed. `written`: as the suite has it.
  void add(const Normaliser::Sections& sections, const Value& written, std::int64_t draw) {
    TrialSpec spec = trial_of(sections);
    spec.experiment = experiment_.name;
    spec.base_seed = suite_.base_seed;
    spec.config_index = draw;
    normaliser_.check_access(spec, written);
    const SectionTexts texts = texts_of(sections);
    for (spec.seed = 0; spec.seed < experiment_.seeds; ++spec.seed) {
      if (!wanted_.any_of(1)) continue;
      ++wanted_.next;
      out_.trials.push_back(spec);
      out_.ids.push_back(trial_id(texts, spec.seed, spec.base_seed, draw));
    }
  }

  const Suite& suite_;
  const Experiment& experiment_;
  Normaliser& normaliser_;
  Problems& problems_;
  WantedPlaces& wanted_;
  Expansion& out_;
  std::vector<GridAxis> axes_;
  bool whole_;  ///< every axis could be read
  SearchPlan search_;
};

/// "3 models, 100 draws, 1000000000 seeds"
std::string factors_of(const Experiment& experiment) {
  std::string text;
  for (const auto& [axis, values] : experiment.grid.as_table()) {
    if (values.is_list())
      text += fmt::format("{} of {}, ", core::counted(values.as_list().size(), "value"), axis);
  }
  if (experiment.configurations > 1)
    text += fmt::format("search.configurations = {}, ", experiment.configurations);
  return text + fmt::format("seeds = {}", experiment.seeds);
}

/// "650 GB", "23 MB", "0.02 MB"
std::string size_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes * 1e-9);
  return fmt::format("{:.3g} MB", bytes * 1e-6);
}

Expansion expand_wanted(const Suite& suite, const Catalog& catalog, WantedPlaces wanted,
                        std::int64_t count) {
  Problems problems;
  Normaliser normaliser(catalog, problems);
  Expansion out;
  out.trials.reserve(static_cast<std::size_t>(count));
  out.ids.reserve(static_cast<std::size_t>(count));
  for (const Experiment& experiment : suite.experiments) {
    ExperimentExpansion(suite, experiment, normaliser, wanted, out).run();
  }
  problems.raise();
  return out;
}

}  // namespace

std::int64_t trial_count(const Experiment& experiment) {
  std::int64_t count = std::max<std::int64_t>(experiment.seeds, 0);
  count = product(count, std::max<std::int64_t>(experiment.configurations, 1));
  for (const auto& [axis, values] : experiment.grid.as_table()) {
    if (values.is_list())
      count = product(count, static_cast<std::int64_t>(values.as_list().size()));
  }
  return count;
}

double planning_bytes(const Experiment& experiment) {
  const auto trials = static_cast<double>(trial_count(experiment));
  const auto touches = [](const std::string& path, const std::string& section) {
    return path.compare(0, path.find('.'), section) == 0;
  };
  double sections = 0.0;
  for (const std::string& section : section_names()) {
    double own = 1.0;
    for (const auto& [axis, values] : experiment.grid.as_table()) {
      if (values.is_list() && touches(axis, section)) {
        own *= static_cast<double>(values.as_list().size());
      }
    }
    const auto& fields = experiment.search_fields;
    const bool drawn = std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
      return touches(field, section);
    });
    if (drawn) own *= static_cast<double>(std::max<std::int64_t>(experiment.configurations, 1));
    sections += std::min(own, trials) * (drawn ? kDrawnBytes : kSectionBytes);
  }
  return trials * kTrialBytes + sections;
}

void check_trial_count(const Suite& suite, double memory_bytes) {
  std::int64_t total = 0;
  double bytes = 0.0;
  const Experiment* largest = nullptr;
  for (const Experiment& experiment : suite.experiments) {
    const std::int64_t count = trial_count(experiment);
    if (largest == nullptr || count > trial_count(*largest)) largest = &experiment;
    total = std::min(total + count, kMostCounted);
    bytes += planning_bytes(experiment);
  }
  const double memory = memory_bytes > 0.0 ? memory_bytes : default_memory();
  if (largest == nullptr || bytes <= memory) return;
  const double fit = std::floor(memory / bytes * static_cast<double>(total));
  const std::int64_t own = trial_count(*largest);
  throw UsageError(
      fmt::format("the suite has {}{} trials, of which experiment '{}' has {} ({}). Planning them "
                  "needs about {} of memory, but there are {} ({}), enough for about {:.0f} "
                  "trials: use fewer seeds, configurations or grid values",
                  total >= kMostCounted ? "more than " : "", total, largest->name, own,
                  factors_of(*largest), size_text(bytes), size_text(memory),
                  memory_bytes > 0.0 ? "--memory" : "half of the memory of this machine", fit));
}

Expansion expand(const Suite& suite, const Catalog& catalog, double memory_bytes) {
  check_trial_count(suite, memory_bytes);
  std::int64_t total = 0;
  for (const Experiment& experiment : suite.experiments) total += trial_count(experiment);
  return expand_wanted(suite, catalog, {}, total);
}

Expansion expand_places(const Suite& suite, const Catalog& catalog,
                        const std::vector<std::uint32_t>& places) {
  return expand_wanted(suite, catalog, {&places}, static_cast<std::int64_t>(places.size()));
}

}  // namespace spurion::harness
