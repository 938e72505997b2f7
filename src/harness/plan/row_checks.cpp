#include "harness/plan/row_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "nouns/named_domains.hpp"
#include "nouns/unlabelled_rows.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

void check_rows_asked(const TrialSpec& trial, const Method& method, const Regime& regime,
                      const Environment& environment) {
  const RowRequest request = method.row_request();
  const Access needs = method.needs();
  const std::string& name = trial.method.name;
  if ((request.any() || request.randomised_cues || needs.validation_rows) &&
      !regime.has_training_set()) {
    throw UsageError(
        fmt::format("method '{}' goes over the whole training set or uses validation rows, but "
                    "regime '{}' has no fixed training set: use the regime offline",
                    name, trial.regime.name));
  }
  if (request.sampling == Sampling::class_balanced && environment.info().task == Task::regression) {
    throw UsageError(fmt::format("method '{}' balances classes, but {} has none", name,
                                 environment.info().name));
  }
  if (request.sampling == Sampling::group_balanced && environment.info().groups == 0) {
    throw UsageError(
        fmt::format("method '{}' balances groups, but {} has none", name, environment.info().name));
  }
  const EnvironmentInfo& info = environment.info();
  if (request.randomised_cues &&
      !environment.supports(Intervention::resample_each(info.every_cue()))) {
    throw UsageError(fmt::format("method '{}' resamples cues, but {} cannot resample '{}'", name,
                                 info.name, info.cue));
  }
  if (!needs.validation_rows) return;
  const std::int64_t rows = trial.evaluation.find("rows")->as_integer();
  for (const Domain& domain : environment.train_domains()) {
    const std::int64_t tested = std::min(rows, environment.row_limit(domain, Split::test));
    if (environment.validation_rows(domain, tested) > 0) continue;
    throw UsageError(
        fmt::format("method '{}' uses validation rows, but {} has none in domain "
                    "'{}' beside its test rows: lower evaluation.rows",
                    name, environment.info().name, domain.name));
  }
}

void check_unlabelled_rows(const TrialSpec& trial, const Regime& regime,
                           const Environment& environment) {
  const std::optional<Adaptation> adaptation = regime.adaptation(1);
  if (!adaptation) return;
  EvaluationOptions evaluation;
  evaluation.rows = trial.evaluation.find("rows")->as_integer();
  std::vector<Domain> domains = nouns::named_domains(environment);
  for (const double shift : environment.info().shift_axis.points) {
    domains.push_back(environment.at(shift));
  }
  for (const Domain& domain : domains) {
    (void)nouns::unlabelled_rows(environment, domain, evaluation, *adaptation);
  }
}

}  // namespace spurion::harness
