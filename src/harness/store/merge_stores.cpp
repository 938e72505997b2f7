#include "harness/store/merge_stores.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "harness/store/folder_lock.hpp"
#include "harness/store/measurement_layout.hpp"
#include "harness/store/merged_facts.hpp"
#include "harness/store/network_folder.hpp"
#include "harness/store/plan_file.hpp"
#include "harness/store/same_data.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_tables.hpp"
#include "harness/store/store_writer.hpp"
#include "harness/store/stored_facts.hpp"
#include "harness/store/trial_copies.hpp"
#include "harness/store/trial_rows.hpp"
#include "harness/store/whole_copy.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// A trial in one of the stores.
struct MergedTrial {
  TrialId id;
  Digest whole{};    ///< of all of the row but its number: which of equal copies is kept
  Digest numbers{};  ///< of what two copies must agree on
  Digest provenance{};
  std::int64_t number = 0;
  std::uint32_t store = 0;
};

/// A store that is merged, without its trials.
struct MergedStore {
  std::string file;
  bool is_target = false;
  std::map<std::string, std::string> facts;  ///< of the run
  std::vector<ContextRow> scored;            ///< facts of what was scored
  std::map<Digest, std::shared_ptr<const Provenance>> provenance;
  std::vector<MembershipGroup> groups;
  std::vector<StoredMembership> memberships;
  bool of_the_suite = true;
  bool adds = false;  ///< trials that the target did not have
  Tally context_tally;
  Tally trial_tally;
  Tally membership_tally;
};

std::string suite_of(const MergedStore& store) {
  const auto text = store.facts.find("suite");
  return text == store.facts.end() ? "" : text->second;
}

/// What is left of the suite where the folder has a plan of it.
struct PlannedIds {
  std::string suite_text;
  std::unordered_set<TrialId, TrialIdHash> ids;
};

class Merger {
 public:
  Merger(const std::filesystem::path& folder, std::vector<std::filesystem::path> sources)
      : folder_(folder), target_(folder / kStoreFile), sources_(std::move(sources)) {}

  Merged run() {
    std::error_code error;
    if (std::filesystem::exists(target_, error)) sources_.push_back(target_);
    std::sort(sources_.begin(), sources_.end());
    sources_.erase(std::unique(sources_.begin(), sources_.end()), sources_.end());
    if (sources_.empty()) {
      throw StoreError(
          fmt::format("'{}' has no stores to merge: no folder in it has one", folder_.string()));
    }
    if (std::filesystem::exists(folder_ / kPlanFile, error)) {
      const TrialPlan plan = read_plan(folder_ / kPlanFile);
      planned_.emplace();
      planned_->suite_text = plan.suite_text;
      for (const PlannedTrial& trial : plan.trials) planned_->ids.insert(trial.id);
    }
    for (const auto& source : sources_) index(source);
    keep_one_of_each();
    check_suites();
    write();
    merged_.stores = static_cast<std::int64_t>(stores_.size());
    merged_.trials = static_cast<std::int64_t>(trials_.size());
    return std::move(merged_);
  }

 private:
  void index(const std::filesystem::path& file) {
    sqlite::Database database(file, sqlite::Access::read);
    StoreContent content = read_store(database, StoreDetail::index);
    const std::string name = fmt::format("store '{}'", file.string());
    if (!content.tables_are_whole || !content.context_is_whole) {
      throw StoreError(fmt::format("{}: {}; run its trials again, or move it away", name,
                                   fmt::join(content.damage, "; ")));
    }
    if (!content.damage.empty()) {
      merged_.notes.push_back(fmt::format("{}: {}. Damaged trials are left out; run them again.",
                                          name, fmt::join(content.damage, "; ")));
    }
    MergedStore store;
    store.file = file.string();
    store.is_target = file == target_;
    for (ContextRow& row : content.context) {
      if (row.owner.empty()) {
        store.facts.emplace(row.key, row.value);
      } else {
        store.scored.push_back(std::move(row));
      }
    }
    store.provenance = std::move(content.provenance);
    store.groups = std::move(content.groups);
    store.memberships = std::move(content.memberships);
    store.context_tally = content.context_tally;
    store.trial_tally = content.trial_tally;
    store.membership_tally = content.membership_tally;
    std::unordered_set<Digest, DigestHash> whole;
    for (const StoredTrial& trial : content.trials) whole.insert(trial.seal);
    const auto number = static_cast<std::uint32_t>(stores_.size());
    stores_.push_back(std::move(store));
    TrialRow row;
    for (TrialRows rows(database); rows.next(row);) {
      if (whole.count(row.trial.seal) == 0) continue;
      StoredTrial unnumbered = row.trial;
      unnumbered.number = 0;
      trials_.push_back({row.trial.id, seal_of(unnumbered, row.result, row.spec, row.numbers),
                         Seal("numbers")
                             .add(status_name(row.result.status))
                             .add(row.trial.layout)
                             .add(row.numbers)
                             .finish(),
                         row.trial.provenance, row.trial.number, number});
    }
  }

  /// Of copies the same is kept in whatever order they come.
  void keep_one_of_each() {
    std::sort(trials_.begin(), trials_.end(), [](const MergedTrial& a, const MergedTrial& b) {
      return std::tie(a.id, a.whole, a.store) < std::tie(b.id, b.whole, b.store);
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < trials_.size();) {
      std::size_t end = i;
      bool in_target = false;
      for (; end < trials_.size() && trials_[end].id == trials_[i].id; ++end) {
        if (trials_[end].numbers != trials_[i].numbers) refuse(trials_[i], trials_[end]);
        in_target = in_target || stores_[trials_[end].store].is_target;
      }
      if (end > i + (in_target ? 2U : 1U)) ++merged_.twice;
      if (!in_target) {
        ++merged_.added;
        for (std::size_t copy = i; copy < end; ++copy) stores_[trials_[copy].store].adds = true;
      }
      for (std::size_t copy = i; copy < end; ++copy) {
        places_.push_back({trials_[copy].store, trials_[copy].number, kept, copy == i});
      }
      trials_[kept++] = trials_[i];
      i = end;
    }
    trials_.resize(kept);
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return std::tie(a.store, a.number) < std::tie(b.store, b.number);
    });
  }

  [[noreturn]] void refuse(const MergedTrial& a, const MergedTrial& b) const {
    const auto maker = [&](const MergedTrial& trial) {
      const auto& known = stores_[trial.store].provenance;
      const auto found = known.find(trial.provenance);
      return found == known.end() ? nullptr : found->second;
    };
    refuse_unequal(a.id, {stores_[a.store].file, maker(a)}, {stores_[b.store].file, maker(b)});
  }

  /// All must be of one suite; with a plan of it, stores of other versions may lend trials.
  void check_suites() {
    const MergedStore* first = nullptr;
    for (MergedStore& store : stores_) {
      const std::string text = suite_of(store);
      if (text.empty()) continue;
      if (planned_) {
        store.of_the_suite = text == planned_->suite_text;
        continue;
      }
      if (first == nullptr) first = &store;
      if (text == suite_of(*first)) continue;
      throw StoreError(fmt::format(
          "'{}' holds another suite than '{}', or another version of it; 'spurion plan SUITE' into "
          "the folder says which one is meant",
          store.file, first->file));
    }
    std::map<std::string, std::string> data;
    std::string with_data;
    for (const MergedStore& store : stores_) {
      for (const auto& [key, made_by] : store.provenance) {
        check_same_data(data, fmt::format("'{}'", with_data), made_by->data,
                        fmt::format("'{}'", store.file));
        if (data.empty()) with_data = store.file;
        data.insert(made_by->data.begin(), made_by->data.end());
      }
    }
  }

  /// Where a trial of a store came to lie.
  struct Place {
    std::uint32_t store = 0;
    std::int64_t number = 0;
    std::size_t rank = 0;
    bool kept = false;  ///< it is this copy that is written
  };

  [[nodiscard]] const Place* place_of(std::uint32_t store, std::int64_t number) const {
    const auto found =
        std::lower_bound(places_.begin(), places_.end(), std::pair(store, number),
                         [](const Place& a, const std::pair<std::uint32_t, std::int64_t>& b) {
                           return std::pair(a.store, a.number) < b;
                         });
    return found != places_.end() && found->store == store && found->number == number ? &*found
                                                                                      : nullptr;
  }

  void write() {
    const bool far = !network_file_system(folder_).empty();
    const std::filesystem::path local = far ? local_folder() : std::filesystem::path();
    const std::filesystem::path made =
        local.empty()
            ? folder_ / "store.merging"
            : local / fmt::format("spurion_{}.merging",
                                  core::hex(Seal("merge").add(folder_.string()).finish()));
    std::filesystem::remove(made);
    std::filesystem::remove(made.string() + "-journal");
    bool changed = true;
    {
      sqlite::Database database(made, sqlite::Access::write);
      database.execute(kSafeWriting);
      sqlite::Transaction transaction(database);
      make_tables(database);
      StoreWriter writer(database);
      for (std::uint32_t i = 0; i < stores_.size(); ++i) write_trials(i, writer);
      write_memberships(writer);
      write_context(writer);
      writer.write_tallies(context_, trial_, membership_);
      transaction.commit();
      for (const MergedStore& store : stores_) {
        if (!store.is_target) continue;
        changed = store.context_tally != context_ || store.trial_tally != trial_ ||
                  store.membership_tally != membership_;
      }
    }
    if (changed) copy_whole(made, target_);
    std::filesystem::remove(made);
  }

  void write_trials(std::uint32_t number, StoreWriter& writer) {
    const MergedStore& store = stores_[number];
    sqlite::Database database(store.file, sqlite::Access::read);
    std::map<Digest, std::string> layouts;
    for (const char* table : {"layout", "layout_copy"}) {
      sqlite::Statement query(database, fmt::format("SELECT key, rows FROM {}", table));
      while (query.step()) {
        if (layout_key(query.view(1)) == query.digest(0)) layouts[query.digest(0)] = query.text(1);
      }
    }
    TrialRow row;
    for (TrialRows rows(database); rows.next(row);) {
      const Place* place = place_of(number, row.trial.number);
      if (place == nullptr || !place->kept) continue;
      row.trial.number = 0;
      // The file may have changed since it was read.
      if (seal_of(row.trial, row.result, row.spec, row.numbers) != trials_[place->rank].whole) {
        throw StoreError(
            fmt::format("store '{}' changed while it was merged; merge again", store.file));
      }
      row.trial.number = static_cast<std::int64_t>(place->rank) + 1;
      trial_.add(writer.write(row.trial, row.result, row.spec, row.numbers));
      if (layouts_.insert(row.trial.layout).second) {
        writer.write_layout(row.trial.layout, layouts.at(row.trial.layout));
      }
      const auto maker = store.provenance.find(row.trial.provenance);
      if (maker != store.provenance.end() && makers_.insert(maker->first).second) {
        writer.write_provenance(maker->first, maker->second->facts());
      }
    }
  }

  void write_memberships(StoreWriter& writer) {
    // A trial that any store counts to an experiment belongs to it.
    std::map<MembershipGroup, std::uint32_t> numbers;
    std::vector<MembershipGroup> groups;
    std::map<std::pair<std::size_t, std::uint32_t>, bool> former;
    for (std::uint32_t i = 0; i < stores_.size(); ++i) {
      const MergedStore& store = stores_[i];
      for (const StoredMembership& one : store.memberships) {
        const Place* place = place_of(i, one.trial);
        if (place == nullptr) continue;
        const MembershipGroup& group = store.groups[one.group];
        const auto [known, added] =
            numbers.emplace(group, static_cast<std::uint32_t>(groups.size()));
        if (added) groups.push_back(group);
        const bool left = !store.of_the_suite && group.suite != kScoredOwner &&
                          planned_->ids.count(trials_[place->rank].id) == 0;
        const auto [row, is_new] =
            former.emplace(std::pair(place->rank, known->second), one.former || left);
        if (!is_new) row->second = row->second && (one.former || left);
      }
    }
    for (const auto& [key, is_former] : former) {
      const StoredMembership row{static_cast<std::int64_t>(key.first) + 1, key.second, is_former};
      membership_.add(writer.write(row, groups[key.second]));
    }
  }

  void write_context(StoreWriter& writer) {
    std::vector<FactsOfStore> facts;
    for (const MergedStore& store : stores_) {
      // One that adds nothing was counted when it was merged first.
      if (store.of_the_suite) facts.push_back({store.facts, store.is_target || store.adds});
    }
    for (const auto& [key, value] : merged_facts(facts)) {
      context_.add(writer.write(ContextRow{key, value, ""}));
    }
    std::map<std::pair<std::string, std::string>, std::string> scored;
    for (const MergedStore& store : stores_) {
      for (const ContextRow& row : store.scored) {
        const auto [known, added] = scored.emplace(std::pair(row.key, row.owner), row.value);
        if (!added) known->second = std::min(known->second, row.value);
      }
    }
    for (const auto& [key, value] : scored) {
      context_.add(writer.write(ContextRow{key.first, value, key.second}));
    }
  }

  std::filesystem::path folder_;
  std::filesystem::path target_;
  std::vector<std::filesystem::path> sources_;
  std::optional<PlannedIds> planned_;
  std::vector<MergedStore> stores_;
  std::vector<MergedTrial> trials_;
  std::vector<Place> places_;
  std::set<Digest> makers_;
  std::set<Digest> layouts_;
  Tally context_;
  Tally trial_;
  Tally membership_;
  Merged merged_;
};

}  // namespace

std::vector<std::filesystem::path> shard_stores(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) continue;
    std::error_code inner;
    for (std::filesystem::directory_iterator own(entry->path(), inner), last; !inner && own != last;
         own.increment(inner)) {
      if (own->path().extension() == ".sqlite") files.push_back(own->path());
    }
  }
  if (error) {
    throw StoreError(fmt::format("cannot read folder '{}': {}", folder.string(), error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Merged merge_stores(const std::filesystem::path& folder,
                    std::vector<std::filesystem::path> sources) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::optional<FolderLock> lock;
  try {
    lock.emplace(folder);
  } catch (const NoLocks&) {
    // The new file takes the place of the old whole, so that two merges at once do no harm.
  }
  return Merger(folder, std::move(sources)).run();
}

}  // namespace spurion::harness
