#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "harness/store/damaged_trials.hpp"
#include "harness/store/seal.hpp"
#include "harness/store/sqlite.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Whose row of the context, or whose membership, it is, where not a suite's: predictions that were
/// made elsewhere and scored. No suite can have this name.
constexpr const char* kScoredOwner = "(scored)";

/// Rows of a store as they are kept, with their seals.
struct ContextRow {
  std::string key;
  std::string value;
  std::string owner;  ///< "" or `kScoredOwner`
};
/// Of what many trials are members.
struct MembershipGroup {
  std::string suite;  ///< or `kScoredOwner`
  std::string experiment;
  friend bool operator<(const MembershipGroup& a, const MembershipGroup& b) {
    return std::tie(a.suite, a.experiment) < std::tie(b.suite, b.experiment);
  }
};
struct StoredMembership {
  std::int64_t trial = 0;  ///< its number
  std::uint32_t group = 0;
  bool former = false;  ///< the suite has changed since
};
/// By what a store and a suite name a trial.
struct TrialKey {
  std::int64_t number = 0;  ///< in the store
  TrialId id;
};
struct StoredTrial {
  std::int64_t number = 0;
  TrialId id;
  Status status = Status::done;
  Digest seal{};
  Digest provenance{};  ///< key of its record; zeros: not recorded
  Digest layout{};      ///< key of what its numbers are
};

/// Everything in one file that is what was written, and what is not.
struct StoreContent {
  std::vector<ContextRow> context;
  std::map<Digest, std::shared_ptr<const Provenance>> provenance;
  std::vector<StoredTrial> trials;
  std::vector<TrialResult> results;  ///< of `trials`, where they were asked for; without experiment
  std::vector<TrialKey> keys;        ///< of `results`, where an open store has the `trials`
  std::vector<MembershipGroup> groups;
  std::vector<StoredMembership> memberships;
  /// What is damaged, a sentence each, without the file's name; empty when everything is whole.
  std::vector<std::string> damage;
  std::vector<DamagedTrial> damaged_trials;  ///< by number
  bool has_specs = true;                     ///< the results have those of their trials
  std::int64_t makers_lost = 0;              ///< trials whose record of provenance is damaged
  bool context_is_whole = true;
  bool tables_are_whole = true;
  Tally context_tally;
  Tally trial_tally;
  Tally membership_tally;
};

/// Seals of rows.
Digest seal_of(const ContextRow& row);
Digest seal_of(const StoredMembership& row, const MembershipGroup& group);
/// Of all but the seal and the status of `trial`. `spec`: its canonical text; `numbers`: the values
/// of its packed measurements.
Digest seal_of(const StoredTrial& trial, const TrialResult& result, std::string_view spec,
               std::string_view numbers);
Digest seal_of(const std::string& part, const Tally& tally);
/// The key of a record of provenance.
SPURION_API Digest provenance_key(const std::string& facts);

enum class StoreDetail {
  index,    ///< every row is checked, results are not kept
  numbers,  ///< results without the specs of their trials, for a caller that has them
  results   ///< all of it
};

/// Reads and checks all rows of a store, in one snapshot. Where the structure of the file is
/// damaged, what lies before and behind the damage is still read. Throws `StoreError` when nothing
/// can be read, the store is empty, or `layout_of` throws.
SPURION_API StoreContent read_store(sqlite::Database& database, StoreDetail detail);

/// Facts of the run by key, and of what was scored as far as they say something else.
std::map<std::string, std::string> merged_context(const std::vector<ContextRow>& rows);

}  // namespace spurion::harness
