#include "harness/store/store_state.hpp"

#include <algorithm>

#include "harness/store/measurement_layout.hpp"
#include "harness/store/store_tables.hpp"

namespace spurion::harness {

TrialId checked_id(const std::string& text) {
  const auto id = TrialId::read(text);
  if (!id) throw UsageError(fmt::format("'{}' is not the id of a trial", text));
  return *id;
}

}  // namespace spurion::harness

namespace spurion {

Store::State::State(const std::filesystem::path& folder, const std::string& file_name,
                    std::int64_t wanted)
    : lock(folder), file(folder / file_name), keep_from(wanted) {
  open();
}

void Store::State::open() {
  database.emplace(file, harness::sqlite::Access::write);
  try {
    const harness::Layout layout = harness::layout_of(*database);  // a foreign file is not touched
    database->execute(harness::kSafeWriting);
    if (layout == harness::Layout::empty) harness::make_store(*database, {});
    const bool all = keep_from > 0 && harness::told_trials(*database) >= keep_from;
    note(harness::read_store(*database,
                             all ? harness::StoreDetail::numbers : harness::StoreDetail::index));
    if (damage.empty() && !harness::structure_is_whole(*database)) {
      damage = {"the structure of the file is damaged"};
    }
  } catch (const harness::sqlite::DamagedFile&) {
    if (!harness::has_our_header(file)) throw;
    note({});
    damage = {"the structure of the file is damaged"};
  }
}

void Store::State::note(harness::StoreContent content) {
  damage = std::move(content.damage);
  provenance = std::move(content.provenance);
  layouts.clear();
  for (const harness::StoredTrial& trial : content.trials) {
    last_number = std::max(last_number, trial.number);
    layouts.insert(trial.layout);
  }
  groups = std::move(content.groups);
  group_numbers.clear();
  for (std::uint32_t i = 0; i < groups.size(); ++i) group_numbers[groups[i]] = i;
  memberships = harness::MembershipTable(std::move(content.memberships));
  context.clear();
  for (harness::ContextRow& row : content.context) context[{row.key, row.owner}] = row.value;
  context_tally = content.context_tally;
  trial_tally = content.trial_tally;
  membership_tally = content.membership_tally;
  kept.reset();
  if (damage.empty() && !content.results.empty()) {
    kept = std::make_shared<harness::StoreContent>();
    kept->keys.reserve(content.trials.size());
    for (const harness::StoredTrial& trial : content.trials) {
      kept->keys.push_back({trial.number, trial.id});
    }
    kept->results = std::move(content.results);
    kept->has_specs = content.has_specs;
  }
  trials = harness::TrialTable(std::move(content.trials));
}

std::shared_ptr<harness::StoreContent> Store::State::take_content() {
  std::shared_ptr<harness::StoreContent> content = std::move(kept);
  if (content == nullptr || !content->has_specs || content->results.empty()) return nullptr;
  content->provenance = provenance;
  for (std::size_t i = 0; i < content->keys.size(); ++i) {
    const harness::StoredTrial& trial = *trials.find(content->keys[i].id);
    content->results[i].made_by = maker_of(trial);
    if (trial.provenance != core::Digest{} && !content->results[i].made_by) {
      ++content->makers_lost;
    }
  }
  for (const auto& [key, value] : context) {
    content->context.push_back({key.first, value, key.second});
  }
  content->groups = groups;
  content->memberships.reserve(memberships.size());
  memberships.for_each([&](const harness::MembershipKey& key, bool former) {
    content->memberships.push_back({key.first, key.second, former});
  });
  return content;
}

std::uint32_t Store::State::group_of(const std::string& owner, const std::string& experiment) {
  const auto [place, added] = group_numbers.try_emplace(harness::MembershipGroup{owner, experiment},
                                                        static_cast<std::uint32_t>(groups.size()));
  if (added) groups.push_back(place->first);
  return place->second;
}

void Store::State::set_membership(harness::StoreWriter& writer, const harness::MembershipKey& key,
                                  bool former) {
  const auto& [number, group] = key;
  bool* found = memberships.find(key);
  if (found != nullptr) {
    if (*found == former) return;
    membership_tally.remove(
        harness::seal_of(harness::StoredMembership{number, group, !former}, groups[group]));
  }
  membership_tally.add(
      writer.write(harness::StoredMembership{number, group, former}, groups[group]));
  if (found != nullptr) {
    *found = former;
  } else {
    memberships.add(key, former);
  }
}

void Store::State::set_context(harness::StoreWriter& writer, const std::string& key,
                               const std::string& value, const std::string& owner) {
  const auto found = context.find({key, owner});
  if (found != context.end()) {
    if (found->second == value) return;
    context_tally.remove(harness::seal_of(harness::ContextRow{key, found->second, owner}));
  }
  context_tally.add(writer.write(harness::ContextRow{key, value, owner}));
  context[{key, owner}] = value;
}

void Store::State::drop_context(harness::StoreWriter& writer,
                                const std::map<std::string, std::string>& kept) {
  for (auto row = context.begin(); row != context.end();) {
    const auto& [key, owner] = row->first;
    if (!owner.empty() || kept.count(key) != 0) {
      ++row;
      continue;
    }
    context_tally.remove(harness::seal_of(harness::ContextRow{key, row->second, owner}));
    writer.erase_context(key, owner);
    row = context.erase(row);
  }
}

void Store::State::set_memberships(harness::StoreWriter& writer,
                                   const harness::SuiteMembers& wanted, const std::string& suite) {
  awaited.clear();
  const std::set<std::string> experiments(wanted.names().begin(), wanted.names().end());
  std::vector<std::uint32_t> group_of_name;
  for (const std::string& name : wanted.names()) group_of_name.push_back(group_of(suite, name));
  std::vector<harness::MembershipKey> current;
  current.reserve(std::min(wanted.size(), trials.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::uint32_t group = group_of_name[wanted.name_of(i)];
    const harness::StoredTrial* stored = trials.find(wanted.id(i));
    if (stored == nullptr) {
      awaited[wanted.id(i)].insert(group);
    } else {
      current.emplace_back(stored->number, group);
    }
  }
  std::sort(current.begin(), current.end());
  current.erase(std::unique(current.begin(), current.end()), current.end());
  std::vector<std::pair<harness::MembershipKey, bool>> changed;
  memberships.for_each([&](const harness::MembershipKey& key, bool) {
    const harness::MembershipGroup& group = groups[key.second];
    if (group.suite == suite && !std::binary_search(current.begin(), current.end(), key)) {
      changed.emplace_back(key, true);
    }
    // What was scored for an experiment goes and comes with it.
    if (group.suite == harness::kScoredOwner) {
      changed.emplace_back(key, experiments.count(group.experiment) == 0);
    }
  });
  for (const auto& [key, former] : changed) set_membership(writer, key, former);
  for (const harness::MembershipKey& key : current) set_membership(writer, key, false);
}

std::int64_t Store::State::append(harness::StoreWriter& writer, const TrialResult& result) {
  kept.reset();
  const std::string spec = result.spec.canonical().canonical_json();
  harness::StoredTrial trial;
  trial.id = harness::trial_id_of_text(spec);
  trial.status = result.status;
  trial.number = last_number + 1;
  if (const harness::StoredTrial* found = trials.find(trial.id); found != nullptr) {
    if (replaced.erase(trial.id) == 0) return found->number;
    // Under the old number, so that its memberships hold.
    trial.number = found->number;
    trial_tally.remove(found->seal);
    writer.erase_result(trial.number);
    trials.erase(trial.id);
  }
  if (result.made_by) {
    auto& key = keys[result.made_by];
    if (key == core::Digest{}) {
      const std::string facts = result.made_by->facts();
      key = harness::provenance_key(facts);
      writer.write_provenance(key, facts);
      provenance[key] = result.made_by;
    }
    trial.provenance = key;
  }
  trial.layout = layout_of(writer, result.measurements);
  trial.seal = writer.write(trial, result, spec, harness::packed_values(result.measurements));
  trial_tally.add(trial.seal);
  last_number = std::max(last_number, trial.number);
  if (const auto own = awaited.find(trial.id); own != awaited.end()) {
    for (const std::uint32_t group : own->second) {
      set_membership(writer, {trial.number, group}, false);
    }
    awaited.erase(own);
  }
  trials.add(trial);
  return trial.number;
}

core::Digest Store::State::layout_of(harness::StoreWriter& writer,
                                     const Measurements& measurements) {
  const auto& [numbers, known] = latest;
  if (measurements.layout() != nullptr && measurements.layout() == numbers.layout()) return known;
  const std::string rows = harness::packed_rows(measurements);
  const core::Digest layout = harness::layout_key(rows);
  if (layouts.insert(layout).second) writer.write_layout(layout, rows);
  latest = {measurements, layout};
  return layout;
}

void Store::State::drop_unused_layouts(harness::StoreWriter& writer) {
  latest = {};
  std::unordered_set<core::Digest, harness::DigestHash> used;
  trials.for_each([&](const harness::StoredTrial& trial) { used.insert(trial.layout); });
  for (auto layout = layouts.begin(); layout != layouts.end();) {
    if (used.count(*layout) != 0) {
      ++layout;
      continue;
    }
    writer.erase_layout(*layout);
    layout = layouts.erase(layout);
  }
}

std::shared_ptr<const Provenance> Store::State::maker_of(const harness::StoredTrial& trial) const {
  const auto record = provenance.find(trial.provenance);
  return record == provenance.end() ? nullptr : record->second;
}

}  // namespace spurion
