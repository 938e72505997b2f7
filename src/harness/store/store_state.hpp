#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/store/folder_lock.hpp"
#include "harness/store/membership_table.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_writer.hpp"
#include "harness/store/suite_members.hpp"
#include "harness/store/trial_table.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

/// Throws `UsageError` when it is none.
TrialId checked_id(const std::string& text);

}  // namespace spurion::harness

namespace spurion {

/// What an open store knows of its file, and the file.
struct Store::State {
  /// `keep_from`: results are kept where there are as many trials; none where it is 0.
  State(const std::filesystem::path& folder, const std::string& file_name, std::int64_t keep_from);
  /// Opens the file, makes it where it is missing, and notes what it holds.
  void open();
  void note(harness::StoreContent content);
  /// Runs `change` as one transaction: all of it or none.
  template <class Change>
  void write(const Change& change) {
    const std::lock_guard<std::mutex> guard(mutex);
    if (!damage.empty()) {
      throw StoreError(
          fmt::format("store '{}' is damaged: {}; run its suite again to replace lost trials, or "
                      "'spurion prune' the folder to drop them",
                      file.string(), fmt::join(damage, "; ")));
    }
    if (failed) throw StoreError(fmt::format("store '{}' could not be written", file.string()));
    failed = true;  // what is noted here is ahead of the file until all of it is there
    harness::sqlite::Transaction transaction(*database);
    harness::StoreWriter writer(*database);
    change(writer);
    writer.write_tallies(context_tally, trial_tally, membership_tally);
    transaction.commit();
    failed = false;
  }

  std::uint32_t group_of(const std::string& owner, const std::string& experiment);
  void set_membership(harness::StoreWriter& writer, const harness::MembershipKey& key, bool former);
  void set_context(harness::StoreWriter& writer, const std::string& key, const std::string& value,
                   const std::string& owner);
  /// Forgets the facts of earlier runs that `kept` does not have.
  void drop_context(harness::StoreWriter& writer, const std::map<std::string, std::string>& kept);
  void set_memberships(harness::StoreWriter& writer, const harness::SuiteMembers& wanted,
                       const std::string& suite);
  /// The number of the trial, new or old.
  std::int64_t append(harness::StoreWriter& writer, const TrialResult& result);
  /// The layout of these numbers, written where it is new.
  core::Digest layout_of(harness::StoreWriter& writer, const Measurements& measurements);
  void drop_unused_layouts(harness::StoreWriter& writer);
  /// What was kept, with all else that the store holds; null where nothing was.
  std::shared_ptr<harness::StoreContent> take_content();
  [[nodiscard]] std::shared_ptr<const Provenance> maker_of(const harness::StoredTrial& trial) const;

  harness::FolderLock lock;
  std::filesystem::path file;
  std::optional<harness::sqlite::Database> database;
  mutable std::mutex mutex;
  bool failed = false;  ///< a change was not written
  std::vector<std::string> damage;
  std::map<core::Digest, std::shared_ptr<const Provenance>> provenance;
  std::map<std::shared_ptr<const Provenance>, core::Digest> keys;  ///< of what was appended
  harness::TrialTable trials;
  std::int64_t keep_from;
  /// Trials and their results as they were read, while nothing was added; else null.
  std::shared_ptr<harness::StoreContent> kept;
  std::unordered_set<harness::TrialId, harness::TrialIdHash>
      replaced;  ///< whose next result takes their place
  std::int64_t last_number = 0;
  std::unordered_set<core::Digest, harness::DigestHash> layouts;  ///< that are written
  /// Numbers that were appended last and their layout: those of one pack may share what they are.
  /// They are held, so that no others come to lie in their place.
  std::pair<Measurements, core::Digest> latest;
  std::vector<harness::MembershipGroup> groups;
  std::map<harness::MembershipGroup, std::uint32_t> group_numbers;
  harness::MembershipTable memberships;
  /// Groups of trials that are not appended yet.
  std::unordered_map<harness::TrialId, std::set<std::uint32_t>, harness::TrialIdHash> awaited;
  std::map<std::pair<std::string, std::string>, std::string> context;  ///< by key and owner
  harness::Tally context_tally;
  harness::Tally trial_tally;
  harness::Tally membership_tally;
};

}  // namespace spurion
