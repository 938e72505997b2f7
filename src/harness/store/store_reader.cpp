#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <unordered_map>

#include "harness/store/same_data.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_files.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion {

std::vector<std::filesystem::path> store_files(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw StoreError(
        error && error != std::errc::no_such_file_or_directory
            ? fmt::format("cannot read folder '{}': {}", folder.string(), error.message())
            : fmt::format("'{}' is not a folder; 'spurion run SUITE --out {}' makes one",
                          folder.string(), folder.string()));
  }
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".sqlite") files.push_back(entry->path());
  }
  if (error) {
    throw StoreError(fmt::format("cannot read folder '{}': {}", folder.string(), error.message()));
  }
  if (files.empty()) {
    throw StoreError(
        fmt::format("'{}' holds no store (*.sqlite); run a suite into it first", folder.string()));
  }
  // The one that runs write to comes first: its suite is what is reported.
  std::sort(files.begin(), files.end());
  std::stable_partition(files.begin(), files.end(),
                        [](const auto& file) { return file.filename() == "store.sqlite"; });
  return files;
}

namespace {

constexpr const char* kNotInSuite = "(not in the suite)";
/// How the shared facts of a context are named.
constexpr const char* kSuiteText = "suite";
constexpr const char* kSuiteName = "suite_name";

std::string value_of(const std::map<std::string, std::string>& context, const char* key) {
  const auto found = context.find(key);
  return found == context.end() ? std::string() : found->second;
}

/// Whether two trials measured the same, to the bit.
bool same_numbers(const Measurements& a, const Measurements& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const MeasurementRow left = a[i];
    const MeasurementRow right = b[i];
    const bool same_value =
        left.value == right.value || (std::isnan(left.value) && std::isnan(right.value));
    if (!same_value || left.phase != right.phase || left.step != right.step ||
        left.domain != right.domain || left.metric != right.metric) {
      return false;
    }
  }
  return true;
}

/// A trial's place in the results.
struct Place {
  std::string experiment;
  TrialId id;
  std::size_t store = 0;
  std::size_t index = 0;
};

class FolderReader {
 public:
  explicit FolderReader(const std::filesystem::path& folder, const ReadOptions& options)
      : folder_(folder), options_(options) {}

  StoredResults read() {
    for (const auto& file : store_files(folder_)) read_file(file);
    find_places();
    take_trials();
    tell_mixture();
    return std::move(results_);
  }

 private:
  struct OneStore {
    std::string file;
    StoreContent content;
    bool of_the_suite = true;  ///< holds the text of the suite that is reported
  };

  void read_file(const std::filesystem::path& file) {
    sqlite::Database database(file, sqlite::Access::read);
    StoreContent content = read_store(database, StoreDetail::results);
    const std::string name = fmt::format("store '{}'", file.string());
    if (!content.tables_are_whole || !content.context_is_whole) {
      throw StoreError(fmt::format(
          "{}: {}; run its suite into this folder again: trials that are whole are kept", name,
          fmt::join(content.damage, "; ")));
    }
    if (!content.damage.empty()) {
      results_.notes.push_back(
          fmt::format("{}: {}. What is damaged is left out; the next 'spurion run' of the suite "
                      "makes it again.",
                      name, fmt::join(content.damage, "; ")));
    }
    if (content.makers_lost > 0) {
      results_.notes.push_back(
          fmt::format("{}: the record of what made {} of its trials is damaged; their numbers are "
                      "whole, and the next 'spurion run' of the suite writes it again.",
                      name, content.makers_lost));
    }
    auto context = merged_context(content.context);
    bool own_suite = true;
    if (stores_.empty()) {
      results_.context = std::move(context);
    } else {
      own_suite = value_of(context, kSuiteText) == value_of(results_.context, kSuiteText);
      if (!own_suite) {
        results_.notes.push_back(fmt::format(
            "{} holds another suite, or another text of it, than '{}': only trials that both have "
            "in common are reported.",
            name, first_));
      }
      results_.context.merge(context);
    }
    if (stores_.empty()) first_ = file.string();
    stores_.push_back({file.string(), std::move(content), own_suite});
  }

  /// Which trial appears under which experiment.
  void find_places() {
    const std::string suite = value_of(results_.context, kSuiteName);
    std::unordered_map<TrialId, std::set<std::string>, TrialIdHash> experiments;
    std::unordered_map<TrialId, std::string, TrialIdHash> former;
    for (const OneStore& store : stores_) {
      std::unordered_map<std::int64_t, TrialId> ids;
      for (const StoredTrial& trial : store.content.trials) ids[trial.number] = trial.id;
      for (const StoredMembership& one : store.content.memberships) {
        const TrialId id = ids.at(one.trial);
        const bool scored = one.suite == kScoredOwner;
        if (!one.former && store.of_the_suite && (scored || one.suite == suite)) {
          experiments[id].insert(one.experiment);
        } else {
          former[id] = one.experiment;
          if (!one.former && !scored) of_other_suites_[one.suite].insert(id);
        }
      }
    }
    std::unordered_map<TrialId, std::pair<std::size_t, std::size_t>, TrialIdHash> seen;
    std::int64_t others = 0;
    for (std::size_t s = 0; s < stores_.size(); ++s) {
      const StoreContent& content = stores_[s].content;
      for (std::size_t i = 0; i < content.trials.size(); ++i) {
        const TrialId& id = content.trials[i].id;
        if (stores_.size() > 1) {
          const auto [first, added] = seen.try_emplace(id, s, i);
          if (!added) {
            check_copies(id, first->second, {s, i});
            continue;
          }
        }
        const auto own = experiments.find(id);
        if (own == experiments.end()) {
          ++others;
          if (!options_.all) continue;
          const std::string once = former.count(id) == 0 ? "" : former.at(id) + ' ';
          places_.push_back({once + kNotInSuite, id, s, i});
          continue;
        }
        belonging_.push_back(content.results[i].made_by);
        for (const std::string& experiment : own->second) places_.push_back({experiment, id, s, i});
      }
    }
    for (auto& [name, ids] : of_other_suites_) {
      for (const auto& [id, own] : experiments) ids.erase(id);
    }
    tell_others(others);
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return std::tie(a.experiment, a.id) < std::tie(b.experiment, b.id);
    });
  }

  /// A trial that two stores hold is reported once, so it must be the same in both.
  void check_copies(const TrialId& id, std::pair<std::size_t, std::size_t> first,
                    std::pair<std::size_t, std::size_t> second) const {
    const TrialResult& a = stores_[first.first].content.results[first.second];
    const TrialResult& b = stores_[second.first].content.results[second.second];
    if (a.made_by && b.made_by) {
      check_same_data(a.made_by->data, fmt::format("'{}'", stores_[first.first].file),
                      b.made_by->data, fmt::format("'{}'", stores_[second.first].file));
    }
    if (a.status == b.status && same_numbers(a.measurements, b.measurements)) return;
    std::string reason;
    if (a.made_by && b.made_by) {
      for (const ProvenanceDifference& one : differences(*a.made_by, *b.made_by)) {
        reason += fmt::format("{}{}", reason.empty() ? " (" : "; ", one.text);
      }
      if (!reason.empty()) reason += ")";
    }
    throw StoreError(
        fmt::format("trial {} has other numbers in '{}' than in '{}'{}; move one of the two files "
                    "out of the folder",
                    id.text(), stores_[first.first].file, stores_[second.first].file, reason));
  }

  void tell_others(std::int64_t others) {
    if (others == 0) return;
    std::int64_t of_suites = 0;
    std::vector<std::string> names;
    for (const auto& [name, ids] : of_other_suites_) {
      if (ids.empty()) continue;
      of_suites += static_cast<std::int64_t>(ids.size());
      names.push_back("'" + name + "'");
    }
    if (of_suites > 0) {
      results_.notes.push_back(fmt::format(
          "{} other trial{} in the store belong{} to {} {}, which the report is not about.",
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

  void take_trials() {
    results_.trials.reserve(places_.size());
    std::map<std::pair<std::size_t, std::size_t>, int> uses;
    for (const Place& place : places_) ++uses[{place.store, place.index}];
    for (const Place& place : places_) {
      TrialResult& result = stores_[place.store].content.results[place.index];
      if (--uses[{place.store, place.index}] == 0) {
        results_.trials.push_back(std::move(result));
      } else {
        results_.trials.push_back(result);
      }
      results_.trials.back().spec.experiment = place.experiment;
    }
  }

  /// Says where trials of the report were not all made by the same.
  void tell_mixture() {
    std::map<std::string, std::set<std::string>> kinds;  // by what they are of
    std::map<std::string, std::string> data;
    std::set<std::shared_ptr<const Provenance>> seen;
    std::int64_t unknown = 0;
    for (const auto& made_by : belonging_) {
      if (!made_by) ++unknown;
      if (!made_by || !seen.insert(made_by).second) continue;
      kinds["versions of spurion"].insert(made_by->version);
      kinds["builds of spurion (code)"].insert(made_by->code.substr(0, 8));
      kinds["libraries"].insert(made_by->libraries);
      kinds["instruction sets"].insert(made_by->processor);
      kinds["devices"].insert(made_by->device);
      for (const CodeFile& file : made_by->plugins) {
        const std::string name = file.name.substr(0, file.name.find(' '));
        kinds[fmt::format("builds of plug-in {}", name)].insert(
            fmt::format("{} (file {})", file.name, file.hash.substr(0, 8)));
      }
      check_same_data(data, "some of its trials", made_by->data, "others");
      data.insert(made_by->data.begin(), made_by->data.end());
    }
    if (!kinds.empty()) {
      results_.context["device"] = fmt::format("{}", fmt::join(kinds["devices"], ", "));
    }
    for (const auto& [kind, names] : kinds) {
      if (names.size() < 2) continue;
      results_.notes.push_back(
          fmt::format("The trials were made by different {}: {}. Their numbers may differ for that "
                      "reason alone.",
                      kind, fmt::join(names, "; ")));
    }
    // Where nothing is recorded, as in a store that a program made, there is nothing to compare.
    if (unknown > 0 && !seen.empty()) {
      results_.notes.push_back(
          fmt::format("What made {} trial{} is not recorded.", unknown, unknown == 1 ? "" : "s"));
    }
  }

  std::filesystem::path folder_;
  ReadOptions options_;
  StoredResults results_;
  std::string first_;  ///< file whose suite is reported
  std::vector<OneStore> stores_;
  std::vector<Place> places_;
  std::vector<std::shared_ptr<const Provenance>> belonging_;  ///< of trials, each once
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
    // A setting of a world is found by its first entry, NAME, and then NAME#...
    const std::string first = row.key.substr(0, row.key.find('#'));
    const auto [place, added] = context.emplace(first, row.value);
    if (!added && place->second != row.value) context.emplace(row.key, row.value);
  }
  return context;
}

bool is_not_in_suite(const TrialResult& trial) {
  const std::string& name = trial.spec.experiment;
  const std::string mark = kNotInSuite;
  return name.size() >= mark.size() &&
         name.compare(name.size() - mark.size(), mark.size(), mark) == 0;
}

StoredResults read_results(const std::filesystem::path& folder, const ReadOptions& options) {
  return FolderReader(folder, options).read();
}

}  // namespace spurion
