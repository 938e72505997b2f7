#include "spurion/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "harness/store/folder_lock.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_tables.hpp"
#include "harness/store/store_writer.hpp"
#include "harness/store/stored_facts.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw StoreError(
        fmt::format("cannot create output folder '{}': {}", folder.string(), error.message()));
  }
}

TrialId checked_id(const std::string& text) {
  const auto id = TrialId::read(text);
  if (!id) throw UsageError(fmt::format("'{}' is no id of a trial", text));
  return *id;
}

using MembershipKey = std::tuple<std::int64_t, std::string, std::string>;

}  // namespace

struct Store::State {
  State(const std::filesystem::path& folder, const std::string& file_name)
      : lock(folder), file(folder / file_name) {
    open();
  }

  /// Opens the file, makes it where it is missing, and notes what it holds.
  void open() {
    database.emplace(file, sqlite::Access::write);
    try {
      const Layout layout = layout_of(*database);  // a foreign file is not touched
      database->execute(kSafeWriting);
      if (layout == Layout::empty) make_store(*database, {});
      note(read_store(*database, StoreDetail::index));
    } catch (const sqlite::DamagedFile&) {
      if (!has_our_header(file)) throw;
      note({});
      damage = {"the structure of the file is damaged"};
    }
  }

  void note(StoreContent content) {
    damage = std::move(content.damage);
    provenance = std::move(content.provenance);
    trials.clear();
    ids.clear();
    for (StoredTrial& trial : content.trials) {
      ids[trial.number] = trial.id;
      last_number = std::max(last_number, trial.number);
      trials.emplace(trial.id, trial);
    }
    memberships.clear();
    for (StoredMembership& one : content.memberships) {
      memberships[{one.trial, one.suite, one.experiment}] = one.former;
    }
    context.clear();
    for (ContextRow& row : content.context) context[{row.key, row.owner}] = row.value;
    context_tally = content.context_tally;
    trial_tally = content.trial_tally;
    membership_tally = content.membership_tally;
  }

  /// Runs `change` as one transaction: all of it or none.
  template <class Change>
  void write(const Change& change) {
    const std::lock_guard<std::mutex> guard(mutex);
    if (!damage.empty()) {
      throw StoreError(
          fmt::format("store '{}' is damaged: {}; run its suite again, which makes again what is "
                      "lost, or 'spurion prune' the folder, which drops it",
                      file.string(), fmt::join(damage, "; ")));
    }
    if (failed) throw StoreError(fmt::format("store '{}' could not be written", file.string()));
    failed = true;  // what is noted here is ahead of the file until all of it is there
    sqlite::Transaction transaction(*database);
    StoreWriter writer(*database);
    change(writer);
    writer.write_tallies(context_tally, trial_tally, membership_tally);
    transaction.commit();
    failed = false;
  }

  void set_membership(StoreWriter& writer, const MembershipKey& key, bool former) {
    const auto& [number, suite, experiment] = key;
    const auto found = memberships.find(key);
    if (found != memberships.end()) {
      if (found->second == former) return;
      membership_tally.remove(seal_of(StoredMembership{number, suite, experiment, !former}));
    }
    const StoredMembership row{number, suite, experiment, former};
    membership_tally.add(writer.write(row));
    memberships[key] = former;
  }

  void set_context(StoreWriter& writer, const std::string& key, const std::string& value,
                   const std::string& owner) {
    const auto found = context.find({key, owner});
    if (found != context.end()) {
      if (found->second == value) return;
      context_tally.remove(seal_of(ContextRow{key, found->second, owner}));
    }
    context_tally.add(writer.write(ContextRow{key, value, owner}));
    context[{key, owner}] = value;
  }

  /// Forgets the facts of earlier runs that `kept` does not have.
  void drop_context(StoreWriter& writer, const std::map<std::string, std::string>& kept) {
    for (auto row = context.begin(); row != context.end();) {
      const auto& [key, owner] = row->first;
      if (!owner.empty() || kept.count(key) != 0) {
        ++row;
        continue;
      }
      context_tally.remove(seal_of(ContextRow{key, row->second, owner}));
      writer.erase_context(key, owner);
      row = context.erase(row);
    }
  }

  void set_memberships(StoreWriter& writer, const Memberships& wanted, const std::string& name) {
    suite = name;
    awaited.clear();
    std::set<MembershipKey> current;
    std::set<std::string> experiments;
    for (const auto& [text, experiment] : wanted) {
      const TrialId id = checked_id(text);
      experiments.insert(experiment);
      const auto stored = trials.find(id);
      if (stored == trials.end()) {
        awaited[id].insert(experiment);
      } else {
        current.emplace(stored->second.number, suite, experiment);
      }
    }
    std::vector<std::pair<MembershipKey, bool>> changed;
    for (const auto& [key, former] : memberships) {
      const auto& [number, owner, experiment] = key;
      if (owner == suite && current.count(key) == 0) changed.emplace_back(key, true);
      // What was scored for an experiment goes and comes with it.
      if (owner == kScoredOwner) changed.emplace_back(key, experiments.count(experiment) == 0);
    }
    for (const MembershipKey& key : current) changed.emplace_back(key, false);
    for (const auto& [key, former] : changed) set_membership(writer, key, former);
  }

  /// The number of the trial, new or old.
  std::int64_t append(StoreWriter& writer, const TrialResult& result) {
    const std::string spec = result.spec.canonical().canonical_json();
    StoredTrial trial;
    trial.id = trial_id_of_text(spec);
    trial.status = result.status;
    trial.number = last_number + 1;
    if (const auto found = trials.find(trial.id); found != trials.end()) {
      if (replaced.erase(trial.id) == 0) return found->second.number;
      // Under the old number, so that its memberships hold.
      trial.number = found->second.number;
      trial_tally.remove(found->second.seal);
      writer.erase_result(trial.number);
      trials.erase(found);
    }
    if (result.made_by) {
      auto& key = keys[result.made_by];
      if (key == Digest{}) {
        const std::string facts = result.made_by->facts();
        key = provenance_key(facts);
        writer.write_provenance(key, facts);
        provenance[key] = result.made_by;
      }
      trial.provenance = key;
    }
    trial.seal = writer.write(trial, result, spec);
    trial_tally.add(trial.seal);
    last_number = std::max(last_number, trial.number);
    ids[trial.number] = trial.id;
    if (const auto own = awaited.find(trial.id); own != awaited.end()) {
      for (const std::string& experiment : own->second) {
        set_membership(writer, {trial.number, suite, experiment}, false);
      }
      awaited.erase(own);
    }
    trials.emplace(trial.id, trial);
    return trial.number;
  }

  [[nodiscard]] std::shared_ptr<const Provenance> maker_of(const StoredTrial& trial) const {
    const auto record = provenance.find(trial.provenance);
    return record == provenance.end() ? nullptr : record->second;
  }

  FolderLock lock;
  std::filesystem::path file;
  std::optional<sqlite::Database> database;
  mutable std::mutex mutex;
  bool failed = false;  ///< a change was not written
  std::vector<std::string> damage;
  std::map<Digest, std::shared_ptr<const Provenance>> provenance;
  std::map<std::shared_ptr<const Provenance>, Digest> keys;  ///< of what was appended
  std::unordered_map<TrialId, StoredTrial, TrialIdHash> trials;
  std::unordered_map<std::int64_t, TrialId> ids;      ///< by number
  std::unordered_set<TrialId, TrialIdHash> replaced;  ///< whose next result takes their place
  std::int64_t last_number = 0;
  std::map<MembershipKey, bool> memberships;  ///< and whether it is a former one
  std::string suite;                          ///< whose memberships are awaited
  ///< Experiments of trials that are not appended yet.
  std::unordered_map<TrialId, std::set<std::string>, TrialIdHash> awaited;
  std::map<std::pair<std::string, std::string>, std::string> context;  ///< by key and owner
  Tally context_tally;
  Tally trial_tally;
  Tally membership_tally;
};

Store::Store(const std::filesystem::path& folder, const std::string& file_name) {
  make_folder(folder);
  state_ = std::make_unique<State>(folder, file_name);
}

Store::~Store() = default;

const std::vector<std::string>& Store::damage() const { return state_->damage; }

void Store::mend() {
  if (state_->damage.empty()) return;
  state_->database.reset();
  write_anew(state_->file);
  state_->open();
}

std::set<std::string> Store::finished() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::set<std::string> ids;
  for (const auto& [id, trial] : state_->trials) ids.insert(id.text());
  return ids;
}

std::shared_ptr<const Provenance> Store::made_by(const std::string& id) const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  const auto trial = state_->trials.find(checked_id(id));
  return trial == state_->trials.end() ? nullptr : state_->maker_of(trial->second);
}

void Store::restore(const std::set<std::shared_ptr<const Provenance>>& makers) {
  State& state = *state_;
  std::set<Digest> lost;
  for (const auto& [id, trial] : state.trials) {
    if (state.provenance.count(trial.provenance) == 0) lost.insert(trial.provenance);
  }
  std::map<Digest, std::shared_ptr<const Provenance>> found;
  for (const auto& maker : makers) {
    const Digest key = provenance_key(maker->facts());
    if (lost.count(key) != 0) found[key] = maker;
  }
  if (found.empty()) return;
  state.write([&](StoreWriter& writer) {
    for (const auto& [key, maker] : found) {
      writer.write_provenance(key, maker->facts());
      state.provenance[key] = maker;
    }
  });
}

StoredFacts Store::facts() const {
  StoredFacts facts;
  facts.exists = true;
  facts.context = context();
  facts.damage = damage();
  const std::lock_guard<std::mutex> guard(state_->mutex);
  for (const auto& [id, trial] : state_->trials) facts.finished[id] = state_->maker_of(trial);
  return facts;
}

void Store::append(const std::vector<TrialResult>& results) {
  state_->write([&](StoreWriter& writer) {
    for (const TrialResult& result : results) state_->append(writer, result);
  });
}

void Store::replace(const std::set<std::string>& ids) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  for (const std::string& id : ids) state_->replaced.insert(checked_id(id));
}

void Store::remove(const std::set<std::string>& ids) {
  State& state = *state_;
  state.write([&](StoreWriter& writer) {
    std::set<std::int64_t> numbers;
    for (const std::string& id : ids) {
      const auto found = state.trials.find(checked_id(id));
      if (found == state.trials.end()) continue;
      numbers.insert(found->second.number);
      state.trial_tally.remove(found->second.seal);
      writer.erase_trial(found->second.number);
      state.ids.erase(found->second.number);
      state.trials.erase(found);
    }
    for (auto row = state.memberships.begin(); row != state.memberships.end();) {
      const auto& [number, suite, experiment] = row->first;
      if (numbers.count(number) == 0) {
        ++row;
        continue;
      }
      state.membership_tally.remove(
          seal_of(StoredMembership{number, suite, experiment, row->second}));
      row = state.memberships.erase(row);
    }
    std::set<Digest> used;
    for (const auto& [id, trial] : state.trials) used.insert(trial.provenance);
    for (auto record = state.provenance.begin(); record != state.provenance.end();) {
      if (used.count(record->first) != 0) {
        ++record;
        continue;
      }
      writer.erase_provenance(record->first);
      state.keys.erase(record->second);
      record = state.provenance.erase(record);
    }
  });
}

void Store::set_memberships(const Memberships& memberships, const std::string& suite) {
  state_->write([&](StoreWriter& writer) { state_->set_memberships(writer, memberships, suite); });
}

void Store::set_suite(const std::string& suite, const Memberships& memberships,
                      const std::map<std::string, std::string>& context) {
  state_->write([&](StoreWriter& writer) {
    state_->drop_context(writer, context);
    for (const auto& [key, value] : context) state_->set_context(writer, key, value, "");
    state_->set_memberships(writer, memberships, suite);
  });
}

void Store::set_context(const std::map<std::string, std::string>& context) {
  state_->write([&](StoreWriter& writer) {
    for (const auto& [key, value] : context) state_->set_context(writer, key, value, "");
  });
}

void Store::add_scored(const TrialResult& result, const std::string& experiment,
                       const std::map<std::string, std::string>& context) {
  state_->write([&](StoreWriter& writer) {
    state_->replaced.insert(checked_id(result.spec.id()));  // scored anew, perhaps by other code
    const std::int64_t number = state_->append(writer, result);
    state_->set_membership(writer, {number, kScoredOwner, experiment}, false);
    for (const auto& [key, value] : context) {
      state_->set_context(writer, key, value, kScoredOwner);
    }
  });
}

std::map<std::string, std::string> Store::context() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::vector<ContextRow> rows;
  for (const auto& [key, value] : state_->context) rows.push_back({key.first, value, key.second});
  return merged_context(rows);
}

std::map<std::string, std::string> Store::leftovers() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::map<std::string, std::string> left;
  for (const auto& [id, trial] : state_->trials) left.emplace(id.text(), "");
  for (const auto& [key, former] : state_->memberships) {
    const auto own = left.find(state_->ids.at(std::get<0>(key)).text());
    if (own == left.end()) continue;
    if (former) {
      own->second = std::get<2>(key);
    } else {
      left.erase(own);
    }
  }
  return left;
}

void Store::shrink() {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->database->execute("VACUUM");
}

}  // namespace spurion
