#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spurion/trial.hpp"

namespace spurion {

/// What happened: an SQLite file in the output folder, one transaction per batch of trials,
/// write-ahead logged and synchronous, so that a finished trial survives SIGKILL at any instant.
///
/// One writer at a time holds the folder (a lock file); a second is refused with a clear error.
/// Tables: `context(key, value)`, `trial(id, spec, status, message, flops, steps, rows_seen,
/// labels_used, seconds, replicas)`, `membership(trial, experiment)` (one trial may belong to many
/// experiments), `measurement(trial, phase, step, domain, shift, metric, value)`; a value that is
/// not finite is NULL.
class SPURION_API Store {
 public:
  /// Opens `folder`/`file_name`, creating both when missing. Throws `StoreError` when the folder is
  /// not writable, in use by another process, or the file is damaged or of another schema version.
  explicit Store(const std::filesystem::path& folder,
                 const std::string& file_name = "store.sqlite");
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Ids of trials already stored.
  [[nodiscard]] std::set<std::string> finished() const;
  /// All results or none. Trials already there are left as they are.
  void append(const std::vector<TrialResult>& results);
  /// Notes which experiments each trial belongs to (pairs of trial id and experiment name).
  void set_memberships(const std::vector<std::pair<std::string, std::string>>& memberships);
  /// Remembers facts of the run (suite text, versions). Existing keys are overwritten.
  void set_context(const std::map<std::string, std::string>& context);
  /// What is remembered so far.
  [[nodiscard]] std::map<std::string, std::string> context() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Everything in the stores of a folder: trials of all `*.sqlite` files. A trial that belongs to
/// many experiments appears once for each, with `spec.experiment` set; one that belongs to none is
/// left out.
struct StoredResults {
  std::map<std::string, std::string> context;
  std::vector<TrialResult> trials;  ///< sorted by experiment, then id
};

/// Throws `StoreError` when the folder holds no store or one is damaged, `DataError` when two were
/// made from different rows of the same file.
SPURION_API StoredResults read_results(const std::filesystem::path& folder);

}  // namespace spurion
