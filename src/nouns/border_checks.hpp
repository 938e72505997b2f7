#pragma once

#include <string>
#include <utility>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/method.hpp"
#include "spurion/model.hpp"
#include "spurion/regime.hpp"

/// \file
/// Checks of everything that crosses an interface: shape, type, device and, for rows, values. A
/// kernel with a wrong shape would read beyond its tensor and give a plausible number. Each check
/// throws a `PluginError` with the given and the expected value; the caller adds who gave it
/// (`blamed`).

namespace spurion::nouns {

/// "float32 [8, 4]", or "nothing" where it is undefined.
SPURION_API std::string text_of(const Tensor& tensor);

/// Losses [K] of an update of `parameters` [K, P]. Nothing but comparisons unless they are wrong.
SPURION_API void check_losses(const Tensor& losses, const Tensor& parameters);
/// Its gradient [K, P].
SPURION_API void check_gradient(const Tensor& gradient, const Tensor& parameters);
/// Parameters that replace `parameters` [K, P], on any device.
SPURION_API void check_parameters(const Tensor& given, const Tensor& parameters);

/// What was asked of a model.
struct Pass {
  std::int64_t replicas = 1;
  std::int64_t rows = 0;
  std::int64_t outputs = 1;
};
SPURION_API void check_output(const Output& output, const Tensor& parameters, const Pass& pass);
/// Parameters where training begins: [K, P], finite.
SPURION_API void check_initial(const Tensor& given, std::int64_t replicas, std::int64_t parameters);
/// Blocks one after the other, without gaps; the linear weights, if any, are among them.
SPURION_API void check_layout(const Model& model);

/// Facts that others build on: sizes, domains, the shift.
SPURION_API void check_environment(const Environment& environment);
/// Rows of an environment: sizes, types, finite numbers, labels and groups within their ranges.
SPURION_API void check_sample(const Sample& sample, const EnvironmentInfo& info, std::int64_t rows);
/// Finite, and shares in [0, 1] or squared errors that are not negative.
SPURION_API void check_ceilings(const Ceilings& ceilings, const EnvironmentInfo& info,
                                const Domain& domain);
/// What theory predicts: a number for each domain, finite, with an error that is not negative.
SPURION_API void check_theory(const Theory& theory, const std::vector<Domain>& domains);
/// The flip rate of the optimal predictor: a share.
SPURION_API void check_flip_rate(double rate, const Domain& domain);

/// What a metric says of K replicas.
SPURION_API void check_results(const std::vector<std::pair<std::string, Tensor>>& results,
                               std::int64_t replicas);
/// A number a regime records for each of K replicas.
SPURION_API void check_record(const Domain& domain, const std::string& metric, const Tensor& values,
                              std::int64_t replicas);
/// What a regime counts of an update of K replicas.
SPURION_API void check_counts(const UpdateCounts& counts, std::int64_t replicas);
/// A minibatch for K replicas. `values`: labels are looked at too, not their shape alone.
SPURION_API void check_batch(const Batch& batch, const EnvironmentInfo& info, std::int64_t replicas,
                             bool values);
/// The values [K, B] that a method gives for the states of rows `x` [K, B, ...], in host memory;
/// undefined where it gives none.
SPURION_API Tensor checked_state_values(const Tensor& values, const Tensor& x);
/// Phases that `environment` knows.
SPURION_API void check_schedule(const std::vector<Phase>& schedule, const EnvironmentInfo& info);

}  // namespace spurion::nouns
