#include "harness/run/kept_trials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "harness/data/data_fingerprint.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

using DifferenceKind = ProvenanceDifference::Kind;

/// How some trials of a store differ from those that a run would make.
struct Difference {
  std::vector<ProvenanceDifference> parts;
  std::shared_ptr<const Provenance> there;
  std::shared_ptr<const Provenance> here;
  std::int64_t trials = 0;
  [[nodiscard]] bool has(DifferenceKind kind) const {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const ProvenanceDifference& part) { return part.kind == kind; });
  }
  [[nodiscard]] bool may_be_mixed() const {
    return !has(DifferenceKind::device) && !has(DifferenceKind::plugin);
  }
};

[[noreturn]] void refuse_kept(const std::filesystem::path& folder, const Difference& difference,
                              std::int64_t trials) {
  const std::string place = folder.string();
  if (difference.has(DifferenceKind::device)) {
    const std::string& held = difference.there->device;
    throw UsageError(
        fmt::format("'{}' holds trials that ran on {}; trials on {} would differ by rounding. Use "
                    "--device {}, another --out, or --rerun-changed to run all of them again",
                    place, held, difference.here->device, held));
  }
  std::vector<std::string> texts;
  for (const ProvenanceDifference& part : difference.parts) texts.push_back(part.text);
  throw UsageError(fmt::format(
      "'{}' holds {} trial{} of this suite that something else made ({}), so numbers may differ. "
      "Use another --out, or --rerun-changed to run them again{}",
      place, trials, trials == 1 ? "" : "s", fmt::join(texts, "; "),
      difference.may_be_mixed() ? ", or --allow-mixed to keep them (every report says so)" : ""));
}

}  // namespace

void check_store_data(const StoredFacts& stored, const std::filesystem::path& folder,
                      const std::map<std::string, std::string>& data) {
  for (const auto& made_by : stored.finished.makers()) {
    if (!made_by) continue;
    check_same_data(made_by->data, fmt::format("the store in '{}'", folder.string()), data,
                    "this run");
  }
}

std::unordered_set<TrialId, TrialIdHash> changed_trials(const StoredFacts& stored,
                                                        const std::filesystem::path& folder,
                                                        const WantedTrials& wanted,
                                                        Changed changed) {
  const std::vector<TrialId>& ids = wanted.ids;
  std::map<std::pair<const Provenance*, const Provenance*>, Difference> found;
  std::unordered_set<TrialId, TrialIdHash> again;
  std::unordered_set<TrialId, TrialIdHash> seen;  // that differ: a trial may be in many experiments
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto* kept = stored.finished.find(ids[i]);
    if (kept == nullptr) continue;
    const auto& there = *kept;
    const auto here = wanted.maker_at(i);
    const auto [place, added] = found.try_emplace({there.get(), here.get()});
    Difference& difference = place->second;
    if (added) {
      difference.there = there;
      difference.here = here;
      if (there) {
        difference.parts = differences(*there, *here);
      } else {
        difference.parts = {
            {DifferenceKind::build, "what made them is not recorded, or the record is damaged"}};
      }
    }
    if (difference.parts.empty() || !seen.insert(ids[i]).second) continue;
    if (changed == Changed::rerun) {
      again.insert(ids[i]);
    } else if (changed == Changed::refuse || !difference.may_be_mixed()) {
      ++difference.trials;
    }
  }
  std::int64_t refused = 0;
  const Difference* first = nullptr;
  for (const auto& [pair, difference] : found) {
    refused += difference.trials;
    if (difference.trials == 0) continue;
    // A difference that may not be kept is the one to name.
    if (first == nullptr || (first->may_be_mixed() && !difference.may_be_mixed())) {
      first = &difference;
    }
  }
  if (first != nullptr) refuse_kept(folder, *first, refused);
  return again;
}

}  // namespace spurion::harness
