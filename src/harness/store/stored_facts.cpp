#include "harness/store/stored_facts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "harness/store/sqlite.hpp"
#include "harness/store/store_content.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

void FinishedTrials::add(const TrialId& id, const std::shared_ptr<const Provenance>& made_by) {
  // Nearly all trials of a store were made by one thing, or by a few.
  const bool as_before = !trials_.empty() && makers_[trials_.back().maker] == made_by;
  std::uint32_t maker = as_before ? trials_.back().maker : 0;
  if (!as_before) {
    const auto known = std::find(makers_.begin(), makers_.end(), made_by);
    maker = static_cast<std::uint32_t>(known - makers_.begin());
    if (known == makers_.end()) makers_.push_back(made_by);
  }
  trials_.push_back({id, maker});
}

void FinishedTrials::sort() {
  std::sort(trials_.begin(), trials_.end(),
            [](const Trial& a, const Trial& b) { return a.id < b.id; });
}

const std::shared_ptr<const Provenance>* FinishedTrials::find(const TrialId& id) const {
  const auto place =
      std::lower_bound(trials_.begin(), trials_.end(), id,
                       [](const Trial& trial, const TrialId& one) { return trial.id < one; });
  return place != trials_.end() && place->id == id ? &makers_[place->maker] : nullptr;
}

StoredFacts read_facts(const std::filesystem::path& folder) {
  StoredFacts facts;
  std::error_code unreadable;  // opening says what is wrong
  if (!std::filesystem::exists(folder / kStoreFile, unreadable)) return facts;
  sqlite::Database database(folder / kStoreFile, sqlite::Access::read);
  const StoreContent content = read_store(database, StoreDetail::index);
  facts.exists = true;
  facts.context = merged_context(content.context);
  facts.damage = content.damage;
  for (const StoredTrial& trial : content.trials) {
    const auto record = content.provenance.find(trial.provenance);
    facts.finished.add(trial.id, record == content.provenance.end() ? nullptr : record->second);
  }
  facts.finished.sort();
  return facts;
}

Outcomes outcomes_of(const IdentifiedResults& found, const std::vector<TrialId>& wanted) {
  const StoredResults& results = found.results;
  Outcomes outcomes;
  const auto memory = results.context.find("peak_memory");
  if (memory != results.context.end()) outcomes.peak_memory = memory->second;
  const std::vector<bool> first = first_times(found.ids);
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    if (!first[i] || !std::binary_search(wanted.begin(), wanted.end(), found.ids[i])) continue;
    const TrialResult& trial = results.trials[i];
    if (trial.status == Status::done) {
      ++outcomes.done;
      continue;
    }
    ++(trial.status == Status::diverged ? outcomes.diverged : outcomes.failed);
    ++outcomes.messages[fmt::format("{} {}: {}", trial.spec.method.name, status_name(trial.status),
                                    trial.message)];
  }
  return outcomes;
}

void check_output_folder(const std::filesystem::path& folder) {
  const auto refuse = [&](const std::filesystem::path& part, const std::string& why) {
    throw StoreError(fmt::format("output folder '{}' cannot be used: '{}': {}", folder.string(),
                                 part.string(), why));
  };
  std::error_code error;
  std::filesystem::path part = std::filesystem::absolute(folder, error);
  if (error) refuse(folder, error.message());
  // The deepest part that is there is what the others would be made in.
  for (;;) {
    const auto status = std::filesystem::status(part, error);
    if (status.type() == std::filesystem::file_type::not_found && part.has_relative_path()) {
      part = part.parent_path();
      continue;
    }
    if (error) refuse(part, error.message());
    if (status.type() != std::filesystem::file_type::directory) refuse(part, "it is not a folder");
    break;
  }
  if (::access(part.c_str(), W_OK | X_OK) != 0) refuse(part, std::strerror(errno));
}

}  // namespace spurion::harness
