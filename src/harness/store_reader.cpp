#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "harness/data_fingerprint.hpp"
#include "harness/sqlite.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion {

namespace {

Status read_status(const std::string& text) {
  for (const Status status : {Status::done, Status::diverged, Status::failed}) {
    if (text == status_name(status)) return status;
  }
  throw StoreError(fmt::format("unknown trial status '{}'", text));
}

void read_file(const std::filesystem::path& file, StoredResults& out) {
  sqlite::Database database(file, SQLITE_OPEN_READWRITE);
  {
    sqlite::Statement version(database, "PRAGMA user_version");
    version.step();
    if (version.integer(0) != sqlite::kSchemaVersion) {
      throw StoreError(fmt::format("'{}' is not a spurion store of layout {} (found {})",
                                   file.string(), sqlite::kSchemaVersion, version.integer(0)));
    }
  }
  std::map<std::string, std::string> own;
  sqlite::Statement context(database, "SELECT key, value FROM context");
  while (context.step()) own.emplace(context.text(0), context.text(1));
  check_same_data(out.context, "the stores beside it", own, fmt::format("'{}'", file.string()));
  const auto device = own.extract("device");
  const std::string kind = device.empty() ? "cpu" : device.mapped();  // stores older than the key
  std::string& kinds = out.context["device"];  // all of them, where stores differ
  if (kinds.empty()) {
    kinds = kind;
  } else if (kinds.find(kind) == std::string::npos) {
    kinds += ", " + kind;
  }
  out.context.merge(own);

  std::unordered_map<std::int64_t, TrialResult> trials;
  sqlite::Statement trial(database,
                          "SELECT number, spec, status, message, flops, steps, rows_seen, "
                          "labels_used, seconds, replicas FROM trial");
  while (trial.step()) {
    TrialResult result;
    result.spec = TrialSpec::from_canonical(parse_json(trial.text(1), file.string()));
    result.status = read_status(trial.text(2));
    result.message = trial.text(3);
    result.cost = {trial.number(4),  trial.integer(5), trial.integer(6),
                   trial.integer(7), trial.number(8),  trial.integer(9)};
    trials.emplace(trial.integer(0), std::move(result));
  }
  sqlite::Statement measurement(
      database,
      "SELECT trial, phase, step, domain, shift, metric, value FROM measurement ORDER BY rowid");
  while (measurement.step()) {
    const auto found = trials.find(measurement.integer(0));
    if (found == trials.end()) continue;
    found->second.measurements.push_back({measurement.integer(1), measurement.integer(2),
                                          measurement.text(3), measurement.number(4),
                                          measurement.text(5), measurement.number(6)});
  }
  sqlite::Statement membership(
      database, "SELECT t.number, m.experiment FROM membership m JOIN trial t ON t.id = m.trial");
  while (membership.step()) {
    TrialResult copy = trials.at(membership.integer(0));
    copy.spec.experiment = membership.text(1);
    out.trials.push_back(std::move(copy));
  }
}

}  // namespace

StoredResults read_results(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw StoreError(fmt::format("'{}' is not a folder; 'spurion run SUITE --out {}' makes one",
                                 folder.string(), folder.string()));
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".sqlite") files.push_back(entry.path());
  }
  if (files.empty()) {
    throw StoreError(
        fmt::format("'{}' holds no store (*.sqlite); run a suite into it first", folder.string()));
  }
  std::sort(files.begin(), files.end());
  StoredResults results;
  for (const auto& file : files) read_file(file, results);

  std::vector<std::pair<std::string, TrialResult*>> order;
  order.reserve(results.trials.size());
  for (TrialResult& trial : results.trials) {
    order.emplace_back(trial.spec.experiment + '\n' + trial.spec.id(), &trial);
  }
  std::sort(order.begin(), order.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<TrialResult> sorted;
  sorted.reserve(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i].first == order[i - 1].first) continue;
    sorted.push_back(std::move(*order[i].second));
  }
  results.trials = std::move(sorted);
  return results;
}

}  // namespace spurion
