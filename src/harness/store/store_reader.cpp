#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/release.hpp"
#include "harness/store/identified_results.hpp"
#include "harness/store/stated_questions.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_files.hpp"
#include "harness/store/stored_facts.hpp"
#include "harness/store/stored_suite.hpp"
#include "harness/store/trial_copies.hpp"
#include "harness/store/trial_makers.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

namespace {

constexpr const char* kNotInSuite = "(not in the suite)";
/// How the shared facts of a context are named.
constexpr const char* kSuiteText = "suite";
constexpr const char* kSuiteName = "suite_name";

std::string value_of(const std::map<std::string, std::string>& context, const char* key) {
  const auto found = context.find(key);
  return found == context.end() ? std::string() : found->second;
}

/// A trial's place in the results.
struct Place {
  std::uint32_t experiment = 0;  ///< among the names
  std::uint32_t store = 0;
  std::size_t index = 0;
  TrialId id;
};

class FolderReader {
 public:
  FolderReader(const std::filesystem::path& folder, const ReadOptions& options,
               std::shared_ptr<StoreContent> kept)
      : folder_(folder), options_(options), kept_(std::move(kept)) {}

  IdentifiedResults read() {
    for (const auto& file : store_files(folder_)) read_file(file);
    find_places();
    sort_places();
    take_trials();
    makers_.tell(results_);
    IdentifiedResults identified{std::move(results_), {}};
    identified.ids.reserve(places_.size());
    for (const Place& place : places_) identified.ids.push_back(place.id);
    return identified;
  }

 private:
  struct OneStore {
    std::string file;
    StoreContent content;      ///< with the `keys` of its trials alone
    bool of_the_suite = true;  ///< holds the text of the suite that is reported
  };

  StoreContent content_of(const std::filesystem::path& file) {
    if (kept_ != nullptr && file.filename() == kStoreFile) {
      StoreContent content = std::move(*kept_);
      kept_.reset();
      return content;
    }
    sqlite::Database database(file, sqlite::Access::read);
    return read_store(database, StoreDetail::results);
  }

  void read_file(const std::filesystem::path& file) {
    StoreContent content = content_of(file);
    const std::string name = fmt::format("store '{}'", file.string());
    if (!content.tables_are_whole || !content.context_is_whole) {
      throw StoreError(
          fmt::format("{}: {}; run its suite into this folder again: undamaged trials are kept",
                      name, fmt::join(content.damage, "; ")));
    }
    if (!content.damage.empty()) {
      results_.notes.push_back(
          fmt::format("{}: {}. Damaged trials are left out; the next 'spurion run' of the suite "
                      "runs them again.",
                      name, fmt::join(content.damage, "; ")));
    }
    if (content.makers_lost > 0) {
      results_.notes.push_back(
          fmt::format("{}: the record of what made {} of its trials is damaged. Their numbers are "
                      "not; the next 'spurion run' of the suite writes the record again.",
                      name, content.makers_lost));
    }
    auto context = merged_context(content.context);
    bool own_suite = true;
    if (stores_.empty()) {
      results_.context = std::move(context);
    } else {
      own_suite = value_of(context, kSuiteText) == value_of(results_.context, kSuiteText);
      if (!own_suite) {
        results_.notes.push_back(
            fmt::format("{} holds another suite than '{}', or another version of it: only their "
                        "common trials are reported.",
                        name, first_));
      }
      merge_stated_questions(context, results_.context);
      results_.context.merge(without_stated_questions(std::move(context)));
    }
    if (stores_.empty()) first_ = file.string();
    keep_keys(content);
    stores_.push_back({file.string(), std::move(content), own_suite});
  }

  /// Lets go of what a report does not ask of trials beside their results.
  static void keep_keys(StoreContent& content) {
    if (content.keys.empty()) {
      content.keys.reserve(content.trials.size());
      for (const StoredTrial& trial : content.trials) {
        content.keys.push_back({trial.number, trial.id});
      }
    }
    core::release(content.trials);
  }

  /// The number of a name of an experiment.
  std::uint32_t name_of(const std::string& experiment) {
    const auto [place, added] =
        name_numbers_.try_emplace(experiment, static_cast<std::uint32_t>(names_.size()));
    if (added) names_.push_back(experiment);
    return place->second;
  }

  /// Which trial appears under which experiment.
  void find_places() {
    std::unordered_map<TrialId, std::uint32_t, TrialIdHash> former;
    const Experiments experiments = find_experiments(former);
    std::unordered_map<TrialId, std::pair<std::size_t, std::size_t>, TrialIdHash> seen;
    std::int64_t others = 0;
    places_.reserve(experiments.size());
    for (std::size_t s = 0; s < stores_.size(); ++s) {
      const StoreContent& content = stores_[s].content;
      for (std::size_t i = 0; i < content.keys.size(); ++i) {
        const TrialId& id = content.keys[i].id;
        if (stores_.size() > 1) {
          const auto [first, added] = seen.try_emplace(id, s, i);
          if (!added) {
            const auto& [store, index] = first->second;
            check_same_trial(id, {stores_[store].file, stores_[store].content.results[index]},
                             {stores_[s].file, content.results[i]});
            continue;
          }
        }
        const auto store = static_cast<std::uint32_t>(s);
        const auto [first, last] = std::equal_range(
            experiments.begin(), experiments.end(), std::pair<TrialId, std::uint32_t>(id, 0),
            [](const auto& a, const auto& b) { return a.first < b.first; });
        if (first == last) {
          ++others;
          if (!options_.all) continue;
          const auto once = former.find(id);
          const std::string name = once == former.end() ? "" : names_[once->second] + ' ';
          places_.push_back({name_of(name + kNotInSuite), store, i, id});
          continue;
        }
        makers_.add(content.results[i].made_by);
        for (auto own = first; own != last; ++own) places_.push_back({own->second, store, i, id});
      }
    }
    for (auto& [name, ids] : of_other_suites_) {
      for (const auto& [id, own] : experiments) ids.erase(id);
    }
    tell_others(others);
  }

  /// Trials and the experiments of the suite that each belongs to, sorted.
  using Experiments = std::vector<std::pair<TrialId, std::uint32_t>>;

  /// `former`: the experiment that a trial once belonged to, or that of another suite.
  Experiments find_experiments(std::unordered_map<TrialId, std::uint32_t, TrialIdHash>& former) {
    const std::string suite = value_of(results_.context, kSuiteName);
    Experiments experiments;
    std::size_t most = 0;
    for (const OneStore& store : stores_) most += store.content.memberships.size();
    experiments.reserve(most);
    for (const OneStore& store : stores_) {
      const auto by_number = [](const TrialKey& a, const TrialKey& b) {
        return a.number < b.number;
      };
      std::vector<TrialKey> sorted;  // stays empty where they lie in that order, as they mostly do
      if (!std::is_sorted(store.content.keys.begin(), store.content.keys.end(), by_number)) {
        sorted = store.content.keys;
        std::sort(sorted.begin(), sorted.end(), by_number);
      }
      const std::vector<TrialKey>& keys = sorted.empty() ? store.content.keys : sorted;
      std::vector<std::uint32_t> numbers;
      for (const MembershipGroup& group : store.content.groups) {
        numbers.push_back(name_of(group.experiment));
      }
      for (const StoredMembership& one : store.content.memberships) {
        const TrialId id =
            std::lower_bound(keys.begin(), keys.end(), TrialKey{one.trial, {}}, by_number)->id;
        const MembershipGroup& group = store.content.groups[one.group];
        const bool scored = group.suite == kScoredOwner;
        if (!one.former && store.of_the_suite && (scored || group.suite == suite)) {
          experiments.emplace_back(id, numbers[one.group]);
        } else {
          former[id] = numbers[one.group];
          if (!one.former && !scored) of_other_suites_[group.suite].insert(id);
        }
      }
    }
    std::sort(experiments.begin(), experiments.end());
    experiments.erase(std::unique(experiments.begin(), experiments.end()), experiments.end());
    return experiments;
  }

  /// By experiment, then id.
  void sort_places() {
    std::vector<std::uint32_t> ranks(names_.size());
    std::uint32_t rank = 0;
    for (const auto& [name, number] : name_numbers_) ranks[number] = rank++;
    std::sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
      return std::tie(ranks[a.experiment], a.id) < std::tie(ranks[b.experiment], b.id);
    });
  }

  void tell_others(std::int64_t others) {
    if (others == 0) return;
    std::set<TrialId> shared;  // a trial may belong to several suites
    std::vector<std::string> names;
    for (const auto& [name, ids] : of_other_suites_) {
      if (ids.empty()) continue;
      shared.insert(ids.begin(), ids.end());
      names.push_back("'" + name + "'");
    }
    const auto of_suites = static_cast<std::int64_t>(shared.size());
    if (of_suites > 0) {
      results_.notes.push_back(fmt::format(
          "{} other trial{} in the store belong{} to {} {}, which this report does not cover.",
          of_suites, of_suites == 1 ? "" : "s", of_suites == 1 ? "s" : "",
          names.size() == 1 ? "suite" : "suites", fmt::join(names, ", ")));
    }
    const std::int64_t left = others - of_suites;
    if (left <= 0) return;
    results_.notes.push_back(fmt::format(
        "{} other trial{} in the store belong{} to no experiment of the suite; 'spurion report "
        "--all {}' shows {}, 'spurion prune {}' drops {}.",
        left, left == 1 ? "" : "s", left == 1 ? "s" : "", folder_.string(),
        left == 1 ? "it" : "them", folder_.string(), left == 1 ? "it" : "them"));
  }

  /// The results in the order of their places. They are moved within the memory they lie in: there
  /// may be more of them than would fit twice.
  void take_trials() {
    std::vector<TrialResult>& all = results_.trials;
    std::vector<std::size_t> firsts;  // of each store's
    if (stores_.size() > 1) {
      std::size_t count = 0;
      for (const OneStore& store : stores_) count += store.content.results.size();
      all.reserve(count);
    }
    for (OneStore& store : stores_) {
      std::vector<TrialResult>& own = store.content.results;
      firsts.push_back(all.size());
      if (stores_.size() == 1) {
        all = std::move(own);
      } else {
        std::move(own.begin(), own.end(), std::back_inserter(all));
      }
      core::release(own);
      core::release(store.content.keys);
      core::release(store.content.memberships);
    }
    std::vector<std::size_t> from;  // where each of the wanted lies
    std::vector<bool> used(all.size());
    from.reserve(places_.size());
    for (const Place& place : places_) {
      std::size_t index = firsts[place.store] + place.index;
      if (used[index]) {
        all.push_back(TrialResult(all[index]));
        index = all.size() - 1;
      } else {
        used[index] = true;
      }
      from.push_back(index);
    }
    put_in_order(all, from);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].spec.experiment = names_[places_[i].experiment];
    }
  }

  /// Moves the results `from[0]`, `from[1]` ... to the front and drops the others.
  static void put_in_order(std::vector<TrialResult>& all, const std::vector<std::size_t>& from) {
    std::vector<std::size_t> at(all.size());     // which result lies here
    std::vector<std::size_t> where(all.size());  // and where each result lies
    std::iota(at.begin(), at.end(), std::size_t{0});
    std::iota(where.begin(), where.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t there = where[from[i]];
      if (there == i) continue;
      std::swap(all[i], all[there]);
      std::swap(at[i], at[there]);
      where[at[i]] = i;
      where[at[there]] = there;
    }
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(from.size()), all.end());
  }

  std::filesystem::path folder_;
  ReadOptions options_;
  std::shared_ptr<StoreContent> kept_;
  StoredResults results_;
  std::string first_;  ///< file whose suite is reported
  std::vector<OneStore> stores_;
  std::vector<Place> places_;
  std::vector<std::string> names_;  ///< of experiments
  std::map<std::string, std::uint32_t> name_numbers_;
  TrialMakers makers_;  ///< of the trials of the report
  std::map<std::string, std::set<TrialId>> of_other_suites_;
};

}  // namespace

std::map<std::string, std::string> merged_context(const std::vector<ContextRow>& rows) {
  std::map<std::string, std::string> context;
  for (const ContextRow& row : rows) {
    if (row.owner.empty()) context.emplace(row.key, row.value);
  }
  for (const ContextRow& row : rows) {
    if (row.owner.empty()) continue;
    // A setting of an environment is found by its first entry, NAME, and then NAME#...
    const std::string first = row.key.substr(0, row.key.find('#'));
    const auto [place, added] = context.emplace(first, row.value);
    if (!added && place->second != row.value) context.emplace(row.key, row.value);
  }
  return context;
}

IdentifiedResults read_identified(const std::filesystem::path& folder, const ReadOptions& options,
                                  std::shared_ptr<StoreContent> kept) {
  IdentifiedResults identified = FolderReader(folder, options, std::move(kept)).read();
  identified.results.suite = readable_suite(identified.results);
  return identified;
}

std::vector<bool> first_times(const std::vector<TrialId>& ids) {
  std::vector<TrialId> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  // Mostly each trial is of one experiment.
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) {
    return std::vector<bool>(ids.size(), true);
  }
  std::vector<bool> seen(sorted.size(), false);  // by the first place of an id among the sorted
  std::vector<bool> first;
  first.reserve(ids.size());
  for (const TrialId& id : ids) {
    const auto place = static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), id) -
                                                sorted.begin());
    first.push_back(!seen[place]);
    seen[place] = true;
  }
  return first;
}

}  // namespace spurion::harness

namespace spurion {

bool is_not_in_suite(const TrialResult& trial) {
  const std::string& name = trial.spec.experiment;
  const std::string mark = harness::kNotInSuite;
  return name.size() >= mark.size() &&
         name.compare(name.size() - mark.size(), mark.size(), mark) == 0;
}

StoredResults read_results(const std::filesystem::path& folder, const ReadOptions& options) {
  return harness::read_identified(folder, options).results;
}

}  // namespace spurion
