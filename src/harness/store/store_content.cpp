#include "harness/store/store_content.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "harness/store/measurement_layout.hpp"
#include "harness/store/store_specs.hpp"
#include "harness/store/store_tables.hpp"
#include "spurion/error.hpp"

namespace spurion {

Digest seal_of(const ContextRow& row) {
  return Seal("context").add(row.key).add(row.value).add(row.owner).finish();
}

Digest seal_of(const StoredMembership& row) {
  return Seal("membership")
      .add(row.trial)
      .add(row.suite)
      .add(row.experiment)
      .add(static_cast<std::int64_t>(row.former ? 1 : 0))
      .finish();
}

Digest seal_of(const Measurement& measurement, std::int64_t row) {
  return Seal("measurement")
      .add(row)
      .add(measurement.phase)
      .add(measurement.step)
      .add(measurement.domain)
      .add(measurement.shift)
      .add(measurement.metric)
      .add(measurement.value)
      .finish();
}

Digest seal_of(const StoredTrial& trial, const TrialResult& result, const std::string& spec,
               const Tally& measurements) {
  return Seal("trial")
      .add(trial.number)
      .add(trial.id.text())
      .add(spec)
      .add(status_name(result.status))
      .add(result.message)
      .add(result.cost.flops)
      .add(result.cost.steps)
      .add(result.cost.rows_seen)
      .add(result.cost.labels_used)
      .add(result.cost.seconds)
      .add(result.cost.replicas)
      .add(trial.provenance)
      .add(measurements.rows)
      .add(measurements.sum)
      .finish();
}

Digest seal_of(const std::string& part, const Tally& tally) {
  return Seal("tally").add(part).add(tally.rows).add(tally.sum).finish();
}

Digest provenance_key(const std::string& facts) { return Seal("provenance").add(facts).finish(); }

namespace {

/// Measurements that lie together in the file under one trial's number.
struct Run {
  Tally tally;
  Measurements rows;
};
using Runs = std::unordered_map<std::int64_t, std::vector<Run>>;

Status status_of(std::string_view name) {
  for (const Status status : {Status::diverged, Status::failed}) {
    if (name == status_name(status)) return status;
  }
  return Status::done;
}

/// Most ids of damaged trials that a sentence lists.
constexpr std::size_t kListedTrials = 5;

class ContentReader {
 public:
  ContentReader(sqlite::Database& database, StoreDetail detail)
      : database_(&database), detail_(detail) {}

  StoreContent read() {
    read_tallies();
    read_context();
    read_provenance();
    read_measurements();
    read_trials();
    read_memberships();
    tell();
    return std::move(content_);
  }

 private:
  /// Calls `use` for each row of a table in the order of its key; where the structure of the file
  /// is damaged, goes on from the other end, until `use` says that it has seen a row before.
  template <class Use>
  void scan(const std::string& columns, const std::string& table,
            const std::vector<std::string>& key, const Use& use) {
    for (const bool backwards : {false, true}) {
      try {
        sqlite::Statement query(
            *database_,
            fmt::format("SELECT {} FROM {} ORDER BY {}{}", columns, table,
                        fmt::join(key, backwards ? " DESC, " : ", "), backwards ? " DESC" : ""));
        while (query.step() && use(query, backwards)) {
        }
        return;
      } catch (const sqlite::DamagedFile&) {
        structure_is_whole_ = false;
      }
    }
  }

  void read_tallies() {
    scan("part, rows, sum, seal", "tally", {"part"}, [&](sqlite::Statement& row, bool) {
      const Tally tally{row.integer(1), row.digest(2)};
      if (seal_of(row.text(0), tally) == row.digest(3)) expected_[row.text(0)] = tally;
      return true;
    });
    for (const char* part : {"context", "trial", "membership"}) {
      if (expected_.count(part) == 0)
        content_.damage.push_back(
            fmt::format("the count of its {} is damaged, so that none can be known to be missing",
                        part == std::string("context") ? "facts" : fmt::format("{}s", part)));
    }
  }

  /// Whether as many rows as were written are there. What cannot be known is told already.
  [[nodiscard]] bool as_expected(const std::string& part, const Tally& found) const {
    const auto expected = expected_.find(part);
    return expected == expected_.end() || expected->second == found;
  }

  void read_context() {
    std::map<std::pair<std::string, std::string>, ContextRow> rows;
    bool whole = expected_.count("context") != 0;
    scan("key, value, owner, seal", "context", {"key", "owner"}, [&](sqlite::Statement& row, bool) {
      Seal seal("context");
      for (int column = 0; column < 3; ++column) row.seal(seal, column);
      if (seal.finish() == row.digest(3)) {
        rows[{row.text(0), row.text(2)}] = {row.text(0), row.text(1), row.text(2)};
      } else {
        whole = false;
      }
      return true;
    });
    for (auto& [key, row] : rows) {
      content_.context_tally.add(seal_of(row));
      content_.context.push_back(std::move(row));
    }
    content_.context_is_whole = whole && as_expected("context", content_.context_tally);
    if (!content_.context_is_whole) {
      content_.damage.emplace_back("the facts of its run (suite, worlds, versions) are damaged");
    }
  }

  void read_provenance() {
    scan("key, facts", "provenance", {"key"}, [&](sqlite::Statement& row, bool) {
      const std::string facts = row.text(1);
      if (row.digest(0) == provenance_key(facts)) {
        content_.provenance[row.digest(0)] =
            std::make_shared<const Provenance>(Provenance::parse(facts));
      }
      return true;
    });
  }

  void read_measurements() {
    std::int64_t last = 0;
    Run* run = nullptr;
    bool turned = false;
    std::vector<Measurement> backward;  // those of a run that is read backwards
    const auto finish = [&] {
      for (auto row = backward.rbegin(); row != backward.rend(); ++row) {
        pool_.add(row->phase, row->step, row->domain, row->shift, row->metric, row->value);
      }
      backward.clear();
      if (run != nullptr) run->rows = pool_.take();
    };
    scan("trial, row, phase, step, domain, shift, metric, value", "measurement", {"trial", "row"},
         [&](sqlite::Statement& row, bool backwards) {
           const std::int64_t number = row.integer(0);
           if (run == nullptr || last != number || turned != backwards) {
             finish();
             last = number;
             turned = backwards;
             run = &runs_[number].emplace_back();
           }
           Seal seal("measurement");
           for (int column = 1; column < 8; ++column) row.seal(seal, column);
           run->tally.add(seal.finish());
           if (detail_ != StoreDetail::results) return true;
           if (backwards) {
             backward.push_back({row.integer(2), row.integer(3), row.text(4), row.number(5),
                                 row.text(6), row.number(7)});
           } else {
             pool_.add(row.integer(2), row.integer(3), row.view(4), row.number(5), row.view(6),
                       row.number(7));
           }
           return true;
         });
    finish();
  }

  void read_trials() {
    std::set<std::int64_t> damaged;
    scan(
        "number, id, spec, status, message, flops, steps, rows_seen, labels_used, seconds, "
        "replicas, provenance, seal",
        "trial", {"number"}, [&](sqlite::Statement& row, bool backwards) {
          const std::int64_t number = row.integer(0);
          if (backwards && (numbers_.count(number) != 0 || damaged.count(number) != 0)) {
            return false;
          }
          const auto id = TrialId::read(row.view(1));
          Run* run = id ? whole_run(row, number, *id) : nullptr;
          if (run == nullptr || !ids_.insert(*id).second) {
            damaged.insert(number);
            damaged_.push_back(id ? id->text() : fmt::format("number {}", number));
            return true;
          }
          numbers_.insert(number);
          content_.trials.push_back(
              {number, *id, status_of(row.view(3)), row.digest(12), row.digest(11)});
          content_.trial_tally.add(row.digest(12));
          if (row.digest(11) != Digest{} && content_.provenance.count(row.digest(11)) == 0) {
            ++content_.makers_lost;
          }
          if (detail_ == StoreDetail::results) content_.results.push_back(result_of(row, *run));
          runs_.erase(number);
          return true;
        });
    for (const std::int64_t number : damaged) runs_.erase(number);
  }

  /// The measurements with which a trial is what was written; null when it is not.
  Run* whole_run(const sqlite::Statement& row, std::int64_t number, const TrialId& id) {
    if (!(trial_id_of_text(row.view(2)) == id)) return nullptr;
    const auto is_whole = [&](const Run& run) {
      Seal seal("trial");
      for (int column = 0; column < 12; ++column) row.seal(seal, column);
      return seal.add(run.tally.rows).add(run.tally.sum).finish() == row.digest(12);
    };
    if (const auto found = runs_.find(number); found != runs_.end()) {
      for (Run& run : found->second) {
        if (is_whole(run)) return &run;
      }
    }
    none_.rows.clear();
    return is_whole(none_) ? &none_ : nullptr;
  }

  TrialResult result_of(const sqlite::Statement& row, Run& run) {
    TrialResult result;
    result.spec = specs_.read(row.view(2));
    result.status = status_of(row.view(3));
    result.message = row.text(4);
    result.cost = {row.number(5),  row.integer(6), row.integer(7),
                   row.integer(8), row.number(9),  row.integer(10)};
    result.measurements = std::move(run.rows);
    const auto record = content_.provenance.find(row.digest(11));
    if (record != content_.provenance.end()) result.made_by = record->second;
    return result;
  }

  void read_memberships() {
    std::map<Digest, StoredMembership> rows;
    std::int64_t damaged = 0;
    scan("trial, suite, experiment, former, seal", "membership", {"trial", "suite", "experiment"},
         [&](sqlite::Statement& row, bool) {
           Seal seal("membership");
           for (int column = 0; column < 4; ++column) row.seal(seal, column);
           const Digest own = seal.finish();
           if (own != row.digest(4)) {
             ++damaged;
           } else {
             rows[own] = {row.integer(0), row.text(1), row.text(2), row.integer(3) != 0};
           }
           return true;
         });
    for (auto& [seal, row] : rows) {
      content_.membership_tally.add(seal);
      // Of a trial that is damaged itself nothing more needs to be said.
      if (numbers_.count(row.trial) != 0) content_.memberships.push_back(std::move(row));
    }
    if (damaged > 0 || !as_expected("membership", content_.membership_tally)) {
      content_.damage.emplace_back(
          "what says to which experiment a trial belongs is damaged: trials may be missing from "
          "experiments");
    }
  }

  void tell() {
    std::vector<std::string>& damage = content_.damage;
    if (!damaged_.empty()) {
      std::vector<std::string> listed(
          damaged_.begin(),
          damaged_.begin() + static_cast<std::ptrdiff_t>(std::min(damaged_.size(), kListedTrials)));
      if (damaged_.size() > kListedTrials) listed.emplace_back("...");
      damage.push_back(damaged_.size() == 1
                           ? fmt::format("trial {} is damaged", listed.front())
                           : fmt::format("{} trials are damaged ({})", damaged_.size(),
                                         fmt::join(listed, ", ")));
    }
    const auto expected = expected_.find("trial");
    if (expected != expected_.end()) {
      const auto there = content_.trial_tally.rows + static_cast<std::int64_t>(damaged_.size());
      const std::int64_t lost = expected->second.rows - there;
      if (lost > 0) {
        damage.push_back(lost == 1 ? "a trial is missing"
                                   : fmt::format("{} trials are missing", lost));
      } else if (lost < 0 || (damaged_.empty() && expected->second != content_.trial_tally)) {
        damage.emplace_back("it holds trials that no run put there");
      }
    }
    if (damage.empty() && !runs_.empty()) {
      damage.emplace_back("it holds measurements of trials that are not there");
    }
    if (damage.empty() && !structure_is_whole_) {
      damage.emplace_back("the structure of the file is damaged");
    }
  }

  sqlite::Database* database_;
  StoreDetail detail_;
  StoreContent content_;
  std::map<std::string, Tally> expected_;
  Runs runs_;
  Run none_;  ///< of a trial without measurements
  SpecReader specs_;
  MeasurementPool pool_;
  std::unordered_set<TrialId, TrialIdHash> ids_;
  std::unordered_set<std::int64_t> numbers_;
  std::vector<std::string> damaged_;  ///< ids, as they are found
  bool structure_is_whole_ = true;
};

/// Reads are of one state of the file for as long as it lives. Ending it cannot fail for what was
/// read: SQLite calls the end of a transaction in a damaged file an error, too.
class Snapshot {
 public:
  explicit Snapshot(sqlite::Database& database) : database_(&database) {
    database.execute("BEGIN");
  }
  ~Snapshot() { sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  sqlite::Database* database_;
};

bool structure_is_whole(const sqlite::Database& database) {
  try {
    sqlite::Statement check(database, "PRAGMA quick_check(1)");
    return check.step() && check.view(0) == "ok";
  } catch (const sqlite::DamagedFile&) {
    return false;
  }
}

}  // namespace

StoreContent read_store(sqlite::Database& database, StoreDetail detail) {
  const Snapshot snapshot(database);
  const Layout layout = layout_of(database);
  if (layout == Layout::empty) {
    throw StoreError(fmt::format("store '{}' is empty: no run has written to it", database.file()));
  }
  StoreContent content = ContentReader(database, detail).read();
  if (layout == Layout::damaged_header) {
    content.damage.insert(content.damage.begin(), "the header of the file is damaged");
  }
  if (layout == Layout::damaged_tables) {
    content.tables_are_whole = false;
    content.damage.insert(content.damage.begin(), "its tables are damaged or missing");
  }
  if (detail == StoreDetail::index && content.damage.empty() && !structure_is_whole(database)) {
    content.damage.emplace_back("the structure of the file is damaged");
  }
  return content;
}

}  // namespace spurion
