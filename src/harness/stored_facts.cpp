#include "harness/stored_facts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "harness/sqlite.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion {

namespace {

constexpr const char* kStoreFile = "store.sqlite";

void add_id(const std::string& text, std::unordered_set<TrialId, TrialIdHash>& ids) {
  if (const auto id = TrialId::read(text)) ids.insert(*id);
}

}  // namespace

StoredFacts facts_of(const Store& store) {
  StoredFacts facts;
  facts.exists = true;
  facts.context = store.context();
  for (const std::string& id : store.finished()) add_id(id, facts.finished);
  return facts;
}

StoredFacts read_facts(const std::filesystem::path& folder) {
  StoredFacts facts;
  std::error_code unreadable;  // opening says what is wrong
  if (!std::filesystem::exists(folder / kStoreFile, unreadable)) return facts;
  facts.exists = true;
  const sqlite::Database database(folder / kStoreFile, SQLITE_OPEN_READWRITE);
  sqlite::Statement context(database, "SELECT key, value FROM context");
  while (context.step()) facts.context.emplace(context.text(0), context.text(1));
  sqlite::Statement trials(database, "SELECT id FROM trial");
  while (trials.step()) add_id(trials.text(0), facts.finished);
  return facts;
}

Outcomes read_outcomes(const std::filesystem::path& folder,
                       const std::unordered_set<TrialId, TrialIdHash>& wanted) {
  Outcomes outcomes;
  const sqlite::Database database(folder / kStoreFile, SQLITE_OPEN_READWRITE);
  sqlite::Statement peak(database, "SELECT value FROM context WHERE key = 'peak_memory'");
  if (peak.step()) outcomes.peak_memory = peak.text(0);
  sqlite::Statement trials(database, "SELECT id, status, message, spec FROM trial");
  while (trials.step()) {
    const auto id = TrialId::read(trials.text(0));
    if (!id || wanted.count(*id) == 0) continue;
    const std::string status = trials.text(1);
    if (status == status_name(Status::done)) {
      ++outcomes.done;
      continue;
    }
    ++(status == status_name(Status::diverged) ? outcomes.diverged : outcomes.failed);
    const TrialSpec spec = TrialSpec::from_canonical(parse_json(trials.text(3), database.file()));
    ++outcomes.messages[fmt::format("{} {}: {}", spec.method.name, status, trials.text(2))];
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
    if (status.type() != std::filesystem::file_type::directory) refuse(part, "it is no folder");
    break;
  }
  if (::access(part.c_str(), W_OK | X_OK) != 0) refuse(part, std::strerror(errno));
}

}  // namespace spurion
