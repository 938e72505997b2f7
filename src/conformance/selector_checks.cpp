#include <cmath>
#include <optional>

#include "conformance/schema_checks.hpp"
#include "spurion/question_kinds.hpp"

namespace spurion {
namespace conformance {
namespace {

/// All scores, some, and none, as trials have them.
std::vector<ValidationScores> made_up_scores() {
  ValidationScores classification;
  classification.train = {{0.8, 0.4}, 0.6};
  classification.test = {0.5, 0.9, 0.3};
  classification.held_out = {0.7, 0.6};
  ValidationScores without_groups = classification;
  without_groups.train.worst_group_accuracy.reset();
  without_groups.test.worst_group_accuracy.reset();
  ValidationScores regression;
  regression.train.training.loss = 1.5;
  regression.test.loss = 2.5;
  regression.held_out.loss = 2.0;
  return {classification, without_groups, regression, ValidationScores()};
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_selector(const Catalog& catalog, const std::string& name,
                                              const Value& options) {
  using namespace conformance;
  const Selectors& selectors = catalog.questions.selectors;
  const auto& entry = selectors.at(name);
  Checker checker({selectors.kind(), name, options});
  if (options.as_table().empty()) check_entry(checker, entry.info, entry.schema);
  const auto make = [&] { return entry.make({normalised(entry.schema, options, name)}); };
  const bool made =
      checker.check("can be made", [&] { require(make() != nullptr, "it makes nothing"); });
  if (!made) return checker.take();
  checker.check("scores are numbers, or none", [&] {
    for (const ValidationScores& scores : made_up_scores()) {
      const std::optional<double> score = make()->score_of(scores);
      require(!score || std::isfinite(*score), "a score of finite numbers is not finite");
    }
  });
  checker.check("without any number there is no score", [&] {
    require(!make()->score_of({}), "it scores a trial of which nothing was measured");
  });
  checker.check("same scores, same choice", [&] {
    for (const ValidationScores& scores : made_up_scores()) {
      require(make()->score_of(scores) == make()->score_of(scores),
              "two selectors score the same trial differently");
    }
  });
  return checker.take();
}

}  // namespace spurion
