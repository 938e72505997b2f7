#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "conformance/checker.hpp"
#include "conformance/toy_problem.hpp"
#include "spurion/access.hpp"

namespace spurion::conformance {

/// The method under test.
struct MethodSubject {
  const Catalog* catalog;
  std::string name;
  Value options;  ///< overrides of the defaults
  Access needs;
  bool batched = true;        ///< trains several replicas at once
  bool training_set = false;  ///< trains only where there is a fixed training set

  /// What rows it gets.
  [[nodiscard]] ToyShape shape(Task task, std::int64_t domains, std::int64_t rows) const {
    ToyShape shape;
    shape.task = task;
    shape.domains = domains;
    shape.rows = rows;
    shape.groups = needs.group_labels;
    shape.validation_groups = needs.group_labels_validation;
    shape.rewards = needs.rewards;
    return shape;
  }
  /// A training of `replicas` replicas, each with its own values of the hyper-parameters.
  [[nodiscard]] ToyRun run(const Model& model, const ToyShape& shape, std::int64_t replicas,
                           std::int64_t steps) const;
};

/// Calls `body` with each small model that is registered; skips when there is none.
template <class Body>
void with_models(const MethodSubject& subject, const ToyShape& shape, const Body& body) {
  bool any = false;
  for (const char* name : {"linear", "mlp"}) {
    if (const auto model = toy_model(*subject.catalog, name, shape)) {
      any = true;
      body(*model, std::string(name));
    }
  }
  if (!any) skip("neither linear nor mlp is registered");
}

/// Where a check failed, for its message.
inline std::string place(const std::string& model, const ToyShape& shape) {
  return fmt::format("{} model, {} domains of {} rows{}", model, shape.domains, shape.rows,
                     shape.shared ? ", shared" : "");
}

/// Rows that some term of a method may divide by none of: the result is finite, or the method
/// refuses them with a `UsageError`.
void check_poor_rows(const MethodSubject& subject);

/// What it adapts to unlabelled rows is finite, the same bits alone and among others, and leaves
/// the trained model as it is.
void check_adaptation(const MethodSubject& subject);
/// A model with batch normalisation, or a refusal: running statistics move, and the bits are the
/// same alone and among others, stopped halfway and not.
void check_batch_normalised(const MethodSubject& subject);

}  // namespace spurion::conformance
