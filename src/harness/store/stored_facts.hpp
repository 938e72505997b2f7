#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/store/identified_results.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

/// The file that runs write; others beside it are read, too.
inline constexpr const char* kStoreFile = "store.sqlite";

/// Trials that a store holds, and what made each, in few bytes.
class SPURION_API FinishedTrials {
 public:
  void reserve(std::size_t trials) { trials_.reserve(trials); }
  /// `made_by`: null where it is not known.
  void add(const TrialId& id, const std::shared_ptr<const Provenance>& made_by);
  /// To be called once all are added.
  void sort();

  [[nodiscard]] std::size_t size() const { return trials_.size(); }
  [[nodiscard]] bool has(const TrialId& id) const { return find(id) != nullptr; }
  /// What made a trial; null where it is not there.
  [[nodiscard]] const std::shared_ptr<const Provenance>* find(const TrialId& id) const;
  /// What made any of them, each once.
  [[nodiscard]] const std::vector<std::shared_ptr<const Provenance>>& makers() const {
    return makers_;
  }

 private:
  struct Trial {
    TrialId id;
    std::uint32_t maker;
  };
  std::vector<Trial> trials_;
  std::vector<std::shared_ptr<const Provenance>> makers_;
};

/// What a folder's store holds, in short: enough to say what is left to run.
struct StoredFacts {
  bool exists = false;
  std::map<std::string, std::string> context;
  FinishedTrials finished;          ///< trials that are whole
  std::vector<std::string> damage;  ///< a sentence each
  /// Results that the store keeps (`Store::take_content`), without specs: to be given theirs.
  std::shared_ptr<StoreContent> kept;
};

/// Of the store a folder holds, or none, without a lock on it and without writing. Throws
/// `StoreError` when nothing can be read.
SPURION_API StoredFacts read_facts(const std::filesystem::path& folder);

/// How trials ended, those of earlier runs included.
struct Outcomes {
  std::int64_t done = 0;
  std::int64_t diverged = 0;
  std::int64_t failed = 0;
  std::map<std::string, std::int64_t> messages;  ///< of diverged and failed trials -> how many
  std::string peak_memory;                       ///< of the last run, "431 MB of 600 MB"
};

/// Of those trials of a folder's results that are `wanted`, each counted once. `wanted`: sorted.
SPURION_API Outcomes outcomes_of(const IdentifiedResults& found,
                                 const std::vector<TrialId>& wanted);

/// Throws `StoreError` where a run could not write into this folder: a part of its path is no
/// folder, or may not be written to. Makes nothing.
SPURION_API void check_output_folder(const std::filesystem::path& folder);

}  // namespace spurion::harness
