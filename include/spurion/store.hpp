#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spurion/trial.hpp"

namespace spurion {

namespace harness {
struct StoreContent;
struct StoredFacts;
class SuiteMembers;
}  // namespace harness
struct Suite;

/// Which experiments trials belong to: pairs of trial id and name of the experiment.
using Memberships = std::vector<std::pair<std::string, std::string>>;

/// What happened: an SQLite file in the output folder, one synchronous transaction per pack of
/// trials, so that a finished trial survives SIGKILL at any instant.
///
/// One writer at a time holds the folder (a lock file); a second is refused with a clear error.
/// Tables: `context(key, value, owner)`, `trial(number, id, spec, status, message, flops, steps,
/// rows_seen, labels_used, seconds, replicas, provenance, layout, numbers)`, `membership(trial,
/// suite, experiment, former)` (one trial may belong to many experiments), `layout(key, rows)`,
/// `provenance(key, facts)`. `numbers` is a JSON list of all numbers of a trial, and the `rows` of
/// its layout say what each of them is: [phase, step, domain, metric, shift]. Trials that are
/// measured alike share a layout, which is kept twice (`layout_copy`). A value that is not finite
/// is null. Each row carries a seal, a hash of all of it, and `tally` the number of rows: what is
/// not what was written is found, and told.
///
/// The view `measurement(trial, row, phase, step, domain, shift, metric, value)` shows a number a
/// row to those who look into the file by hand: `sqlite3 store.sqlite 'SELECT * FROM measurement
/// WHERE trial = 1'`. All numbers of a folder at once are faster had from `spurion report`, in
/// csv/measurements.csv.
class SPURION_API Store {
 public:
  /// Opens `folder`/`file_name`, creating both when missing. Throws `StoreError` when the folder is
  /// not writable, in use by another process, the file is another application's or of another
  /// layout, or nothing in it can be read.
  explicit Store(const std::filesystem::path& folder,
                 const std::string& file_name = "store.sqlite");
  /// The same for a run of so many trials. Where the store has that many, it keeps their results
  /// until something is appended: if none is left to run, they need not be read a second time.
  Store(const std::filesystem::path& folder, std::int64_t wanted);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// What is damaged, a sentence each; empty: every row is what was written.
  [[nodiscard]] const std::vector<std::string>& damage() const;
  /// Drops what is damaged: the file is written again with all that is whole; the old one is kept
  /// beside it as "store.sqlite.damaged", or as "store.sqlite.damaged_2" and so on where such
  /// copies are there already. Nothing else can be written before.
  void mend();

  /// Ids of trials already stored and whole.
  [[nodiscard]] std::set<std::string> finished() const;
  /// What made a stored trial; null where it is not recorded, or its record is damaged.
  [[nodiscard]] std::shared_ptr<const Provenance> made_by(const std::string& id) const;
  /// Writes records of what makes trials that are damaged, where they are of any trial.
  void restore(const std::set<std::shared_ptr<const Provenance>>& makers);
  /// What is left to run is told from this.
  [[nodiscard]] harness::StoredFacts facts() const;
  /// Gives away the results that were kept, with all else that the store holds; null where none
  /// were. Trials of the results have no specs.
  [[nodiscard]] std::shared_ptr<harness::StoreContent> take_content();
  /// All results or none. Trials already there are left as they are, but for those to `replace`.
  void append(const std::vector<TrialResult>& results);
  /// The next results of these trials take the place of the old, which stay until then.
  void replace(const std::set<std::string>& ids);
  /// Drops trials with all that belongs to them.
  void remove(const std::set<std::string>& ids);
  /// Says which experiments of a suite its trials belong to, now or once they are appended, in
  /// place of what was said before: trials that belonged to the suite and no longer do are marked
  /// so.
  void set_memberships(const Memberships& memberships, const std::string& suite = "");
  /// The same, and the facts of the run in place of those of earlier ones.
  void set_suite(const std::string& suite, const Memberships& memberships,
                 const std::map<std::string, std::string>& context);
  /// The same of a hundred thousand members, in few bytes.
  void set_suite_members(const std::string& suite, const harness::SuiteMembers& members,
                         const std::map<std::string, std::string>& context);
  /// Remembers facts of the run (suite text, versions). Existing keys are overwritten.
  void set_context(const std::map<std::string, std::string>& context);
  /// Adds predictions that were made elsewhere; no later run drops them, nor these facts.
  void add_scored(const TrialResult& result, const std::string& experiment,
                  const std::map<std::string, std::string>& context);
  /// What is remembered so far.
  [[nodiscard]] std::map<std::string, std::string> context() const;
  /// Ids of trials that belong to no experiment of any suite, each with the name of the experiment
  /// it once belonged to, or nothing.
  [[nodiscard]] std::map<std::string, std::string> leftovers() const;
  /// Gives the room of what was dropped back.
  void shrink();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Everything in the stores of a folder: trials of all `*.sqlite` files that belong to the suite
/// that was run last, and predictions scored since. A trial that belongs to many experiments
/// appears once for each, with `spec.experiment` set.
struct StoredResults {
  std::map<std::string, std::string> context;  ///< facts about the run, by name
  std::vector<TrialResult> trials;             ///< sorted by experiment, then id
  /// What a reader of the results must know, a sentence each: damage, trials left out, trials of
  /// different builds. Every report shows them.
  std::vector<std::string> notes;
  /// The suite of `context`, parsed; null if there is none or it cannot be parsed.
  std::shared_ptr<const Suite> suite = nullptr;
};

/// What is read of a store.
struct ReadOptions {
  /// Also trials that belong to no experiment of the suite; "(not in the suite)" is added to the
  /// name of the experiment they once belonged to.
  bool all = false;
};

/// Whether a trial is there only because of `ReadOptions::all`.
SPURION_API bool is_not_in_suite(const TrialResult& trial);

/// Reads without a lock and writes nothing, so that a folder may be read-only, or in use by a run.
/// Throws `StoreError` when the folder holds no store, or one of which nothing can be read or whose
/// facts are damaged, `DataError` when two were made from different rows of the same file.
SPURION_API StoredResults read_results(const std::filesystem::path& folder,
                                       const ReadOptions& options = {});

/// What `prune` dropped, or would.
struct Pruned {
  std::map<std::string, std::int64_t> trials;  ///< by the experiment they once belonged to
  std::vector<std::string> damage;             ///< that was dropped too
};

/// Drops trials that belong to no experiment of any suite, and what is damaged, from the stores of
/// a folder. Throws as `Store` does.
SPURION_API Pruned prune(const std::filesystem::path& folder, bool dry_run);

}  // namespace spurion
