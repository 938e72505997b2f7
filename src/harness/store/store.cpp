#include "spurion/store.hpp"

#include <fmt/format.h>

#include "harness/store/store_state.hpp"
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

harness::SuiteMembers members_of(const Memberships& memberships) {
  harness::SuiteMembers members;
  members.reserve(memberships.size());
  for (const auto& [id, experiment] : memberships) members.add(harness::checked_id(id), experiment);
  return members;
}

}  // namespace

Store::Store(const std::filesystem::path& folder, const std::string& file_name) {
  make_folder(folder);
  state_ = std::make_unique<State>(folder, file_name, 0);
}

Store::Store(const std::filesystem::path& folder, std::int64_t wanted) {
  make_folder(folder);
  state_ = std::make_unique<State>(folder, harness::kStoreFile, wanted);
}

Store::~Store() = default;

const std::vector<std::string>& Store::damage() const { return state_->damage; }

void Store::mend() {
  if (state_->damage.empty()) return;
  state_->database.reset();
  harness::write_anew(state_->file);
  state_->open();
}

std::set<std::string> Store::finished() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::set<std::string> ids;
  state_->trials.for_each([&](const harness::StoredTrial& trial) { ids.insert(trial.id.text()); });
  return ids;
}

std::shared_ptr<const Provenance> Store::made_by(const std::string& id) const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  const harness::StoredTrial* trial = state_->trials.find(harness::checked_id(id));
  return trial == nullptr ? nullptr : state_->maker_of(*trial);
}

void Store::restore(const std::set<std::shared_ptr<const Provenance>>& makers) {
  State& state = *state_;
  std::set<core::Digest> lost;
  state.trials.for_each([&](const harness::StoredTrial& trial) {
    if (state.provenance.count(trial.provenance) == 0) lost.insert(trial.provenance);
  });
  std::map<core::Digest, std::shared_ptr<const Provenance>> found;
  for (const auto& maker : makers) {
    const core::Digest key = harness::provenance_key(maker->facts());
    if (lost.count(key) != 0) found[key] = maker;
  }
  if (found.empty()) return;
  state.write([&](harness::StoreWriter& writer) {
    for (const auto& [key, maker] : found) {
      writer.write_provenance(key, maker->facts());
      state.provenance[key] = maker;
    }
  });
}

harness::StoredFacts Store::facts() const {
  harness::StoredFacts facts;
  facts.exists = true;
  facts.context = context();
  facts.damage = damage();
  const std::lock_guard<std::mutex> guard(state_->mutex);
  facts.finished.reserve(state_->trials.size());
  state_->trials.for_each([&](const harness::StoredTrial& trial) {
    facts.finished.add(trial.id, state_->maker_of(trial));
  });
  facts.finished.sort();
  facts.kept = state_->kept;
  return facts;
}

std::shared_ptr<harness::StoreContent> Store::take_content() {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  return state_->take_content();
}

void Store::append(const std::vector<TrialResult>& results) {
  state_->write([&](harness::StoreWriter& writer) {
    for (const TrialResult& result : results) state_->append(writer, result);
  });
}

void Store::replace(const std::set<std::string>& ids) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  for (const std::string& id : ids) state_->replaced.insert(harness::checked_id(id));
}

void Store::remove(const std::set<std::string>& ids) {
  State& state = *state_;
  state.write([&](harness::StoreWriter& writer) {
    std::set<std::int64_t> numbers;
    for (const std::string& id : ids) {
      const harness::TrialId key = harness::checked_id(id);
      const harness::StoredTrial* found = state.trials.find(key);
      if (found == nullptr) continue;
      numbers.insert(found->number);
      state.trial_tally.remove(found->seal);
      writer.erase_trial(found->number);
      state.kept.reset();
      state.trials.erase(key);
    }
    state.memberships.drop_if([&](const harness::MembershipKey& key, bool former) {
      const auto& [number, group] = key;
      if (numbers.count(number) == 0) return false;
      state.membership_tally.remove(
          harness::seal_of(harness::StoredMembership{number, group, former}, state.groups[group]));
      return true;
    });
    state.drop_unused_layouts(writer);
    std::set<core::Digest> used;
    state.trials.for_each(
        [&](const harness::StoredTrial& trial) { used.insert(trial.provenance); });
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
  const harness::SuiteMembers members = members_of(memberships);
  state_->write(
      [&](harness::StoreWriter& writer) { state_->set_memberships(writer, members, suite); });
}

void Store::set_suite(const std::string& suite, const Memberships& memberships,
                      const std::map<std::string, std::string>& context) {
  set_suite_members(suite, members_of(memberships), context);
}

void Store::set_suite_members(const std::string& suite, const harness::SuiteMembers& members,
                              const std::map<std::string, std::string>& context) {
  state_->write([&](harness::StoreWriter& writer) {
    state_->drop_context(writer, context);
    for (const auto& [key, value] : context) state_->set_context(writer, key, value, "");
    state_->set_memberships(writer, members, suite);
  });
}

void Store::set_context(const std::map<std::string, std::string>& context) {
  state_->write([&](harness::StoreWriter& writer) {
    for (const auto& [key, value] : context) state_->set_context(writer, key, value, "");
  });
}

void Store::add_scored(const TrialResult& result, const std::string& experiment,
                       const std::map<std::string, std::string>& context) {
  state_->write([&](harness::StoreWriter& writer) {
    state_->replaced.insert(
        harness::checked_id(result.spec.id()));  // scored again, perhaps by other code
    const std::int64_t number = state_->append(writer, result);
    state_->set_membership(writer, {number, state_->group_of(harness::kScoredOwner, experiment)},
                           false);
    for (const auto& [key, value] : context) {
      state_->set_context(writer, key, value, harness::kScoredOwner);
    }
  });
}

std::map<std::string, std::string> Store::context() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::vector<harness::ContextRow> rows;
  for (const auto& [key, value] : state_->context) rows.push_back({key.first, value, key.second});
  return harness::merged_context(rows);
}

std::map<std::string, std::string> Store::leftovers() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::map<std::string, std::string> left;
  std::unordered_map<std::int64_t, std::string> ids;  // by number
  state_->trials.for_each([&](const harness::StoredTrial& trial) {
    left.emplace(trial.id.text(), "");
    ids.emplace(trial.number, trial.id.text());
  });
  state_->memberships.for_each([&](const harness::MembershipKey& key, bool former) {
    const auto own = left.find(ids.at(key.first));
    if (own == left.end()) return;
    if (former) {
      own->second = state_->groups[key.second].experiment;
    } else {
      left.erase(own);
    }
  });
  return left;
}

void Store::shrink() {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->database->execute("VACUUM");
}

}  // namespace spurion
