#include "analysis/suite_family.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "analysis/asked_question.hpp"
#include "analysis/question_trials.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

SuiteFamily::SuiteFamily(const std::vector<FamilyClaim>& claims) {
  std::map<std::string, double> all;
  for (const FamilyClaim& claim : claims) all.emplace(claim.key, claim.p);
  std::vector<double> p;
  for (const auto& [key, alone] : all) p.push_back(alone);
  const std::vector<double> adjusted = holm(p);
  std::size_t next = 0;
  for (const auto& [key, alone] : all) adjusted_[key] = adjusted[next++];
}

double SuiteFamily::adjusted(const FamilyClaim& claim) const {
  const auto found = adjusted_.find(claim.key);
  if (found != adjusted_.end()) return found->second;
  return std::min(1.0, claim.p * static_cast<double>(adjusted_.size() + 1));
}

std::shared_ptr<const SuiteFamily> suite_family(const Study& study, QuestionKinds kinds,
                                                const ClaimsOf& claims_of) {
  const Study whole = study.whole();
  kinds.selectors = whole.selectors();
  const std::string key = fmt::format("family of {}", fmt::join(kinds.names(), " "));
  return study.once<SuiteFamily>(key, [&] {
    std::vector<FamilyClaim> claims;
    for (const AskedQuestion& asked : whole.suite().questions) {
      if (!kinds.contains(asked.kind)) continue;
      Problems problems;
      const ReadQuestion read = read_question(asked, kinds, problems);
      if (read.kind == nullptr) continue;
      for (const StudyPart& part : trials_of(whole, read).parts) {
        for (FamilyClaim& claim : claims_of(*read.kind, part.study, asked.experiment)) {
          claims.push_back(std::move(claim));
        }
      }
    }
    return SuiteFamily(claims);
  });
}

}  // namespace spurion::analysis
