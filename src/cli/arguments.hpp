#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What was typed after the commands that train, or look at what trains, once it is read.

namespace spurion::cli {

/// The whole command line.
struct CommandLine {
  std::vector<std::string> words;    ///< as it was typed
  std::vector<std::string> plugins;  ///< files given with --plugin
};

/// Most trials of one pack where --max-replicas is not given.
inline constexpr std::int64_t kDefaultMaxReplicas = 128;

struct RunArguments {
  std::string suite;  ///< or the file of a plan
  std::string out;    ///< empty: results/ and the suite's name
  std::string device = "cpu";
  double memory_bytes = 0.0;                 ///< 0: half of what there is
  std::optional<double> checkpoint_seconds;  ///< empty: the default of runs
  std::int64_t jobs = 0;                     ///< 0: one per core
  std::int64_t replicas = kDefaultMaxReplicas;
  std::int64_t seeds = 0;  ///< at most so many of each experiment; 0: all
  std::int64_t shard = 1;  ///< 1 to `shards`
  std::int64_t shards = 1;
  std::string keep_models;  ///< which trials (analysis/chosen_trials.hpp); empty: none
  bool log_curves = false;
  bool dry_run = false;
  bool strict = false;
  bool rerun_changed = false;
  bool allow_mixed = false;
  bool quiet = false;
};

struct PlanArguments {
  std::string suite;
  std::string out;  ///< folder of the results; empty: results/ and the suite's name
  std::string device = "cpu";
  double memory_bytes = 0.0;  ///< 0: half of what there is
  std::int64_t replicas = kDefaultMaxReplicas;
  std::int64_t seeds = 0;  ///< at most so many of each experiment; 0: all
  bool quiet = false;
};

struct VerifyArguments {
  std::vector<std::string> suites;  ///< empty: all in published/
  std::string size = "quick";       ///< or "full"
  std::string out = "results";      ///< a folder in it for each suite
  std::string format = "text";      ///< of the table
  std::int64_t jobs = 0;            ///< 0: one per core
  bool rerun_changed = false;
  bool allow_mixed = false;
  bool quiet = false;
};

struct ListArguments {
  std::string what;  ///< empty: everything
  std::string format = "text";
};

struct DescribeArguments {
  std::string name;
  std::vector<std::string> options;
  std::string format = "text";
  std::string preview;
};

/// Which rows of an environment, as typed.
struct RowsArguments {
  std::vector<std::string> options;
  std::vector<std::string> domains;
  std::string split;
  std::int64_t rows = 0;  ///< 0: not given
  std::int64_t first = 0;
  std::int64_t seed = 0;
  std::int64_t base_seed = 0;
};

struct ExportArguments {
  std::string environment;
  RowsArguments rows;
  std::string out;
  bool compress = false;
};

struct ScoreArguments {
  std::string what;
  std::string environment;
  std::string model;
  RowsArguments rows;
  std::vector<std::string> given;  ///< of `rows`, as typed
  std::string name;
  std::string out = "results/scored";
  std::string experiment = "scored";
  std::string device = "cpu";
  bool probabilities = false;
  bool logits = false;
};

struct SelftestArguments {
  std::vector<std::string> names;
};

struct DoctorArguments {
  std::string folder = ".";  ///< that results go to
  std::string format = "text";
  bool no_speed = false;
};

struct CheckWidthArguments {
  std::string model;
  std::vector<std::string> options;  ///< of the model
  std::string environment;
  std::vector<std::string> environment_options;
  std::vector<std::int64_t> widths = {64, 128, 256, 512, 1024};
  std::string parametrisation = "both";  ///< or "standard", "mup"
  std::string optimizer = "adam";
  double learning_rate = 0.0;      ///< 0: 0.01 of adam and adamw, 0.1 of sgd and sgdw
  std::int64_t steps = 5;          ///< updates of the coordinate check
  std::int64_t train_steps = 300;  ///< updates before the training loss is measured; 0: it is not
  std::int64_t seeds = 3;
  std::int64_t rows = 1000;  ///< of all train domains together
  std::string out;           ///< a folder for charts; empty: none are written
  bool pdf = false;          ///< charts as PDF too
};

}  // namespace spurion::cli
