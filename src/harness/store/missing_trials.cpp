#include "harness/store/missing_trials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>
#include <unordered_set>

#include "harness/store/deal_shards.hpp"
#include "harness/store/merge_stores.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/trial_rows.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

void add_store(const std::filesystem::path& file, FolderTrials& found) {
  sqlite::Database database(file, sqlite::Access::read);
  const StoreContent content = read_store(database, StoreDetail::index);
  if (!content.damage.empty()) {
    found.damage.push_back(
        fmt::format("store '{}': {}", file.string(), fmt::join(content.damage, "; ")));
  }
  const std::map<std::string, std::string> facts = merged_context(content.context);
  if (const auto suite = facts.find("suite"); suite != facts.end()) {
    found.suites.emplace(suite->second, file);
  }
  std::unordered_set<Digest, DigestHash> whole;
  for (const StoredTrial& trial : content.trials) whole.insert(trial.seal);
  TrialRow row;
  for (TrialRows rows(database); rows.next(row);) {
    if (whole.count(row.trial.seal) == 0) continue;
    found.trials.emplace(row.trial.id, StoredOutcome{row.result.status, row.result.cost.seconds});
  }
}

std::vector<std::filesystem::path> own_stores(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".sqlite") files.push_back(entry->path());
  }
  return files;
}

}  // namespace

FolderTrials trials_of_folder(const std::filesystem::path& folder) {
  FolderTrials found;
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return found;
  std::vector<std::filesystem::path> files = own_stores(folder);
  std::sort(files.begin(), files.end());
  for (auto& file : shard_stores(folder)) files.push_back(std::move(file));
  for (const auto& file : files) {
    ++found.stores;
    try {
      add_store(file, found);
    } catch (const StoreError& error) {
      found.damage.emplace_back(error.what());
    }
  }
  return found;
}

std::string kept_suite(const FolderTrials& found, const std::filesystem::path& folder) {
  if (found.suites.empty()) {
    throw UsageError(
        fmt::format("'{0}' has no plan, and no store that keeps a suite: what is missing is not "
                    "known; 'spurion plan SUITE --out {0}' writes a plan",
                    folder.string()));
  }
  const auto& [text, file] = *found.suites.begin();
  if (found.suites.size() > 1) {
    throw UsageError(fmt::format(
        "'{}' has no plan, and its stores are of different suites, as '{}' and '{}': give a folder "
        "with the stores of one suite",
        folder.string(), file.string(), found.suites.rbegin()->second.string()));
  }
  return text;
}

PlanProgress progress_of(const TrialPlan& plan, const FolderTrials& found) {
  PlanProgress progress;
  progress.planned = static_cast<std::int64_t>(plan.trials.size());
  double stored_work = 0.0;
  double stored_seconds = 0.0;
  std::size_t at = 0;
  for (const PlannedPack& pack : plan.packs) {
    const double each = expected_work(pack) / static_cast<double>(pack.trials);
    for (std::uint32_t i = 0; i < pack.trials; ++i, ++at) {
      const auto known = found.trials.find(plan.trials[at].id);
      if (known == found.trials.end()) {
        ++progress.missing;
        progress.missing_work += each;
        continue;
      }
      const Status status = known->second.status;
      ++(status == Status::done       ? progress.done
         : status == Status::diverged ? progress.diverged
                                      : progress.failed);
      if (status != Status::done) continue;  // it may have ended early
      stored_work += each;
      stored_seconds += known->second.seconds;
    }
  }
  if (stored_work > 0.0) progress.seconds_each = stored_seconds / stored_work;
  return progress;
}

}  // namespace spurion::harness
