#include "harness/store/store_content.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include "harness/store/measurement_layout.hpp"
#include "harness/store/readable_text.hpp"
#include "harness/store/store_specs.hpp"
#include "harness/store/store_tables.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

Status status_of(std::string_view name) {
  for (const Status status : {Status::diverged, Status::failed}) {
    if (name == status_name(status)) return status;
  }
  return Status::done;
}

/// Columns of the table of trials: those that its seals are of, and the seal.
constexpr const char* kTrialColumns =
    "number, id, spec, status, message, flops, steps, rows_seen, labels_used, seconds, replicas, "
    "provenance, layout, numbers, seal";

class ContentReader {
 public:
  ContentReader(sqlite::Database& database, StoreDetail detail)
      : database_(&database), detail_(detail) {}

  StoreContent read() {
    content_.has_specs = detail_ == StoreDetail::results;
    read_tallies();
    read_context();
    read_provenance();
    read_layouts();
    read_trials();
    read_memberships();
    tell();
    return std::move(content_);
  }

 private:
  /// Places of `kTrialColumns`.
  enum Column : int {
    kNumber,
    kId,
    kSpec,
    kStatus,
    kMessage,
    kFlops,
    kSteps,
    kRowsSeen,
    kLabelsUsed,
    kSeconds,
    kReplicas,
    kMadeBy,
    kLayout,
    kNumbers,
    kSeal
  };

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
            fmt::format("the count of its {} is damaged, so missing ones cannot be noticed",
                        part == std::string("context") ? "facts" : fmt::format("{}s", part)));
    }
  }

  /// Whether as many rows as were written are there. What cannot be known is told already.
  [[nodiscard]] bool as_expected(const std::string& part, const Tally& found) const {
    const auto expected = expected_.find(part);
    return expected == expected_.end() || expected->second == found;
  }

  /// For how many rows of a part to make room: as many as it is said to have, within reason.
  [[nodiscard]] std::size_t expected_rows(const std::string& part) const {
    constexpr std::int64_t kMost = 10'000'000;
    const auto expected = expected_.find(part);
    if (expected == expected_.end()) return 0;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(expected->second.rows, 0, kMost));
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
      content_.damage.emplace_back(
          "the facts of its run (suite, environments, versions) are damaged");
    }
  }

  void read_provenance() {
    scan("key, facts", "provenance", {"key"}, [&](sqlite::Statement& row, bool) {
      const std::string facts = row.text(1);
      if (row.digest(0) == provenance_key(facts)) {
        if (auto record = readable([&] { return Provenance::parse(facts); })) {
          content_.provenance[row.digest(0)] =
              std::make_shared<const Provenance>(std::move(*record));
        }
      }
      return true;
    });
  }

  /// Both copies of each are read: where one is damaged the other tells what the numbers are.
  void read_layouts() {
    std::unordered_set<Digest, DigestHash> found[2];
    bool whole = true;
    for (const bool copy : {false, true}) {
      scan("key, rows", copy ? "layout_copy" : "layout", {"key"},
           [&](sqlite::Statement& row, bool) {
             const Digest key = row.digest(0);
             const auto read = [&] {
               measured_.add(key, row.text(1));
               return true;
             };
             if (key != layout_key(row.view(1)) || !readable(read)) {
               whole = false;
               return true;
             }
             found[copy ? 1 : 0].insert(key);
             layouts_.insert(key);
             return true;
           });
    }
    if (!whole || found[0] != found[1]) {
      content_.damage.emplace_back("one of the two records of what its numbers are is damaged");
    }
  }

  void read_trials() {
    std::set<std::int64_t> damaged;
    std::size_t forwards = 0;  // how many numbers were read before the scan turned around
    const std::size_t count = expected_rows("trial");
    content_.trials.reserve(count);
    numbers_.reserve(count);
    if (detail_ != StoreDetail::index) content_.results.reserve(count);
    scan(kTrialColumns, "trial", {"number"}, [&](sqlite::Statement& row, bool backwards) {
      const std::int64_t number = row.integer(kNumber);
      if (backwards) {
        if (forwards == 0) std::sort(numbers_.begin(), numbers_.end());
        if (forwards == 0) forwards = numbers_.size();
        const auto end = numbers_.begin() + static_cast<std::ptrdiff_t>(forwards);
        if (std::binary_search(numbers_.begin(), end, number)) return false;
        if (damaged.count(number) != 0) return false;
      }
      const auto id = TrialId::read(row.view(kId));
      std::optional<TrialResult> result;
      if (id && is_whole(row, *id)) result = result_of(row);
      if (!result) {
        damaged.insert(number);
        content_.damaged_trials.push_back({number, id ? id->text() : "", false, {}});
        return true;
      }
      numbers_.push_back(number);
      content_.trials.push_back({number, *id, result->status, row.digest(kSeal),
                                 row.digest(kMadeBy), row.digest(kLayout)});
      if (detail_ != StoreDetail::index) content_.results.push_back(std::move(*result));
      return true;
    });
    drop_repeated();
    for (const StoredTrial& trial : content_.trials) {
      content_.trial_tally.add(trial.seal);
      if (trial.provenance != Digest{} && content_.provenance.count(trial.provenance) == 0) {
        ++content_.makers_lost;
      }
    }
    // They come in their order, but for damage.
    std::sort(numbers_.begin(), numbers_.end());
  }

  /// Of whole trials of one id the first that was read counts, the others are damage. A list that
  /// is sorted takes less memory than a set, and none is left between the results.
  void drop_repeated() {
    std::vector<TrialId> ids;
    ids.reserve(content_.trials.size());
    for (const StoredTrial& trial : content_.trials) ids.push_back(trial.id);
    std::sort(ids.begin(), ids.end());
    if (std::adjacent_find(ids.begin(), ids.end()) == ids.end()) return;
    std::unordered_set<TrialId, TrialIdHash> seen;
    std::size_t kept = 0;
    numbers_.clear();
    for (std::size_t i = 0; i < content_.trials.size(); ++i) {
      const StoredTrial& trial = content_.trials[i];
      if (!seen.insert(trial.id).second) {
        content_.damaged_trials.push_back({trial.number, trial.id.text(), false, {}});
        continue;
      }
      numbers_.push_back(trial.number);
      if (kept != i) {
        content_.trials[kept] = trial;
        if (detail_ != StoreDetail::index) {
          content_.results[kept] = std::move(content_.results[i]);
        }
      }
      ++kept;
    }
    content_.trials.resize(kept);
    if (detail_ != StoreDetail::index) content_.results.resize(kept);
  }

  /// Whether a trial is what was written, and what its numbers are is known.
  [[nodiscard]] bool is_whole(const sqlite::Statement& row, const TrialId& id) const {
    if (!(trial_id_of_text(row.view(kSpec)) == id)) return false;
    if (layouts_.count(row.digest(kLayout)) == 0) return false;
    Seal seal("trial");
    for (int column = 0; column < kSeal; ++column) row.seal(seal, column);
    return seal.finish() == row.digest(kSeal);
  }

  /// With its status alone where results are not asked for; empty where it cannot be read.
  std::optional<TrialResult> result_of(const sqlite::Statement& row) {
    TrialResult result;
    result.status = status_of(row.view(kStatus));
    if (detail_ == StoreDetail::index) return result;
    auto measured = measured_.read(row.digest(kLayout), row.view(kNumbers));
    if (!measured) return std::nullopt;
    result.measurements = std::move(*measured);
    if (detail_ == StoreDetail::results) {
      auto spec = readable([&] { return specs_.read(row.view(kSpec)); });
      if (!spec) return std::nullopt;
      result.spec = std::move(*spec);
    }
    result.message = row.text(kMessage);
    result.cost = {row.number(kFlops),       row.integer(kSteps),  row.integer(kRowsSeen),
                   row.integer(kLabelsUsed), row.number(kSeconds), row.integer(kReplicas)};
    const auto record = content_.provenance.find(row.digest(kMadeBy));
    if (record != content_.provenance.end()) result.made_by = record->second;
    return result;
  }

  void read_memberships() {
    std::int64_t damaged = 0;
    std::vector<StoredMembership>& rows = content_.memberships;
    rows.reserve(expected_rows("membership"));
    std::unordered_set<Digest, DigestHash> forwards;  // seals of what was read before a turn
    scan(
        "trial, suite, experiment, former, seal", "membership", {"trial", "suite", "experiment"},
        [&](sqlite::Statement& row, bool backwards) {
          Seal seal("membership");
          for (int column = 0; column < 4; ++column) row.seal(seal, column);
          const Digest own = seal.finish();
          if (own != row.digest(4)) {
            ++damaged;
            return true;
          }
          // Where the structure is damaged, rows may be seen from both ends.
          if (backwards && forwards.empty()) {
            for (const StoredMembership& one : rows) {
              forwards.insert(seal_of(one, content_.groups[one.group]));
            }
          }
          if (backwards && !forwards.insert(own).second) return true;
          rows.push_back({row.integer(0), group_of(row.view(1), row.view(2)), row.integer(3) != 0});
          content_.membership_tally.add(own);
          return true;
        });
    LostExperiments lost;
    const auto gone = [&](const StoredMembership& row) {
      if (std::binary_search(numbers_.begin(), numbers_.end(), row.trial)) return false;
      lost[row.trial].insert(content_.groups[row.group].experiment);
      return true;
    };
    rows.erase(std::remove_if(rows.begin(), rows.end(), gone), rows.end());
    name_experiments(content_.damaged_trials, std::move(lost));
    if (damaged > 0 || !as_expected("membership", content_.membership_tally)) {
      content_.damage.emplace_back(
          "the records of which experiment a trial belongs to are damaged: trials may be missing "
          "from experiments");
    }
  }

  std::uint32_t group_of(std::string_view suite, std::string_view experiment) {
    // Rows of one group often follow each other.
    if (last_group_ < content_.groups.size() && content_.groups[last_group_].suite == suite &&
        content_.groups[last_group_].experiment == experiment) {
      return last_group_;
    }
    MembershipGroup group{std::string(suite), std::string(experiment)};
    const auto [place, added] =
        groups_.emplace(std::move(group), static_cast<std::uint32_t>(content_.groups.size()));
    if (added) content_.groups.push_back(place->first);
    return last_group_ = place->second;
  }

  void tell() {
    const auto expected = expected_.find("trial");
    for (std::string& sentence :
         trial_damage(content_.damaged_trials, content_.trial_tally,
                      expected == expected_.end() ? nullptr : &expected->second)) {
      content_.damage.push_back(std::move(sentence));
    }
    if (content_.damage.empty() && !structure_is_whole_) {
      content_.damage.emplace_back("the structure of the file is damaged");
    }
  }

  sqlite::Database* database_;
  StoreDetail detail_;
  StoreContent content_;
  std::map<std::string, Tally> expected_;
  std::unordered_set<Digest, DigestHash> layouts_;  ///< of which one copy is whole
  MeasurementLayouts measured_;
  SpecReader specs_;
  std::map<MembershipGroup, std::uint32_t> groups_;
  std::uint32_t last_group_ = 0;
  std::vector<std::int64_t> numbers_;  ///< of whole trials
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
  return content;
}

}  // namespace spurion::harness
