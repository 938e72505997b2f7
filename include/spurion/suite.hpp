#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "spurion/schema.hpp"
#include "spurion/trial.hpp"
#include "spurion/value.hpp"

/// \file
/// A suite is a TOML file: experiments (grids of trials) and the questions asked of them.
///
///     name = "first_look"
///     title = "Does scale close the gap?"
///     base_seed = 0                  # default: 0; another value changes every seed
///     seeds = 5                      # default: 1; every trial runs with seeds 0 to 4
///
///     [defaults]                     # sections of a trial; every experiment starts from these
///     environment = { name = "coloured_images", source = "fashion_mnist" }
///     model = { name = "mlp", width = 64 }
///     optimizer = { name = "adam", learning_rate = 1e-3 }
///     training = { steps = 500, rows = 25000, batch = 128 }
///
///     [[experiment]]
///     name = "scale"
///     title = "..."
///     regime = { name = "offline" }  # overrides of defaults
///     [experiment.grid]              # the product of all lists
///     method = [{ name = "erm" }, { name = "irm_v1", penalty_weight = 1000.0 }]
///     "model.width" = [16, 64]
///     "training.rows" = [1000, 5000]
///     [experiment.search]            # optional search; so many configurations of each method
///     configurations = 20
///     strategy = "random"            # default; "grid": evenly spaced in each field's distribution
///     fields = ["method.penalty_weight", "optimizer.learning_rate"]   # or sections: "method"
///     [experiment.search.ranges]     # instead of the schema's distribution
///     "optimizer.learning_rate" = { log_uniform = [1e-4, 1e-2] }
///     [experiment.search.values]     # or the values themselves, one for each configuration
///     "method.penalty_weight" = [24.92, 10990.0]
///
///     [stopping]                     # optional: train no more seeds than the questions need
///     stop_when = "decided"          # "never" is the default
///     looks = [5, 10, 20]            # at so many seeds; default: a quarter, half and all of them
///     margin = 0.01                  # a smaller difference counts as none; default: 0
///
///     [quick]                        # optional: what `spurion verify --size quick` runs of it
///     seeds = 3                      # at most so many of each experiment; default: all
///     experiments = ["scale"]        # default: all
///
///     [[question]]
///     text = "Does a wider model close the gap?"
///     kind = "gap_against_scale"     # `spurion list questions`; see question.hpp
///     experiment = "scale"
///     axis = "model.width"

namespace spurion {

struct Catalog;

/// A question as a suite asks it. Its kind (question.hpp) reads the keys that it needs from
/// `options`.
struct AskedQuestion {
  std::string text;        ///< the question as people ask it
  std::string kind;        ///< name of the kind
  std::string experiment;  ///< name of the experiment
  Value options;           ///< the whole table
};

/// How the configurations of a search are laid out.
enum class SearchStrategy {
  random,  ///< each is drawn
  grid     ///< they are the product of evenly spaced quantiles of the fields' distributions
};
/// "random", "grid".
SPURION_API const char* search_strategy_name(SearchStrategy strategy);

/// One grid of trials.
struct Experiment {
  std::string name;        ///< for file names
  std::string title;       ///< for people
  std::int64_t seeds = 1;  ///< how many seeds; default: 1
  Value sections;          ///< environment, model, ... with defaults merged in, not yet normalised
  Value grid;              ///< "section.field" or "section" -> list
  Value search;            ///< [experiment.search] as it was written: where each field is named
  std::int64_t configurations = 0;  ///< configurations that a search draws; 0: no search
  SearchStrategy search_strategy = SearchStrategy::random;  ///< how it lays them out
  std::vector<std::string> search_fields;  ///< what a search draws: "section.option", or a section
  std::map<std::string, Search> search_ranges;  ///< by field, where not the schema's
  std::map<std::string, Value>
      search_values;  ///< by field, a list with one value for each configuration
};

/// The part of a suite that `spurion verify --size quick` runs.
struct QuickSize {
  std::int64_t seeds = 0;                ///< at most so many of each experiment; 0: all
  std::vector<std::string> experiments;  ///< names of those that are run; empty: all
  bool left_out = false;                 ///< no part of it is quick
};

/// When a run stops before all seeds are trained.
struct Stopping {
  bool when_decided = false;        ///< once the questions about an experiment are decided
  std::vector<std::int64_t> looks;  ///< seeds at each look, rising; empty: a quarter, half and all
  /// A difference that is shown to be nearer to 0 needs no further seeds either. 0: every
  /// difference is of interest.
  double margin = 0.0;
};

/// A suite as it is written.
struct SPURION_API Suite {
  std::string name;                  ///< for file names
  std::string title;                 ///< for people
  std::string text;                  ///< the TOML it was read from; empty where a program made it
  std::int64_t base_seed = 0;        ///< all random numbers follow it; default: 0
  std::vector<std::string> plugins;  ///< files of plug-ins that it needs
  std::vector<Experiment> experiments;   ///< in order
  std::vector<AskedQuestion> questions;  ///< in order
  QuickSize quick;                       ///< what is run of it where time is short
  Stopping stopping;                     ///< when it needs no further seeds; default: never

  /// Reads a suite. Throws `UsageError` listing every problem with file, line and column.
  static Suite parse(const std::string& text, const std::string& file_name);
  /// `name_or_file`: a TOML file, or the name of one that came with spurion.
  static Suite load(const std::string& name_or_file);

  /// All trials, in a fixed order, normalised and checked against the catalog (names, options,
  /// access). Needs spurion::spurion: what only reads results knows no catalog. Throws `UsageError`
  /// listing every problem, and, before any trial is made, where there are more than fit
  /// `memory_bytes` (0: half of this machine's memory) at 2 kB each.
  [[nodiscard]] std::vector<TrialSpec> trials(const Catalog& catalog,
                                              double memory_bytes = 0.0) const;

  /// The part that `quick` names, with the questions about it. Its trials are trials of the whole
  /// suite, with the same ids, so that one store serves both.
  [[nodiscard]] Suite quick_part() const;

  /// The suite as TOML text: reading it gives the same trials and questions. Comments, and defaults
  /// that experiments share, are not kept.
  [[nodiscard]] std::string to_toml() const;
  /// What a store remembers: `text` where reading it gives this suite, else `to_toml()`, for suites
  /// made or changed by a program.
  [[nodiscard]] std::string stored_text() const;
};

/// Where the suites that come with spurion are looked for: SPURION_SUITES, the source tree of this
/// build, the installed share folder.
SPURION_API std::vector<std::filesystem::path> suite_folders();
/// Names of the suites found there, sorted. A suite in a folder of them has the name of the folder
/// in front: "published/linear_unit_tests".
SPURION_API std::vector<std::string> suite_names();

}  // namespace spurion
