#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spurion/analysis/study.hpp"
#include "spurion/export.hpp"
#include "spurion/question.hpp"
#include "spurion/question_kinds.hpp"

/// \file
/// The verdicts of all questions of one kind of a suite as one family, whose p values are adjusted
/// by Holm's method (Holm 1979): a suite that asks much finds something by chance.

namespace spurion::analysis {

/// What one verdict claims.
struct FamilyClaim {
  std::string key;  ///< tells it from every other one; the same where it is asked twice
  double p = 1.0;   ///< of the verdict alone; 1 where there is none, which counts too
};

/// Adjusted p values of a family.
class SPURION_API SuiteFamily {
 public:
  explicit SuiteFamily(const std::vector<FamilyClaim>& claims);
  /// How many verdicts were adjusted for.
  [[nodiscard]] std::size_t size() const { return adjusted_.size(); }
  /// The p of a claim; of one that no question of the stored suite makes, as one more of the
  /// family.
  [[nodiscard]] double adjusted(const FamilyClaim& claim) const;

 private:
  std::map<std::string, double> adjusted_;
};

/// The claims of a question about the trials of one part of a study.
using ClaimsOf = std::function<std::vector<FamilyClaim>(const Question&, const Study&,
                                                        const std::string& experiment)>;
/// The family of a kind; worked out once for a study. `kinds`: a registry with that kind alone.
SPURION_API std::shared_ptr<const SuiteFamily> suite_family(const Study& study, QuestionKinds kinds,
                                                            const ClaimsOf& claims_of);

}  // namespace spurion::analysis
