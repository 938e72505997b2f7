#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/measurement_names.hpp"
#include "environments/shared/ceilings/population_regression.hpp"
#include "environments/shared/ceilings/ridge_equivalent.hpp"
#include "environments/shared/generative_environment.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

struct RidgeCorrelationOptions {
  std::int64_t core_dimensions = 20;
  std::int64_t spurious_dimensions = 20;
  double amplitude = 2.0;
  double noise = 0.5;
  std::vector<double> train_shifts = {0.9, 0.8};
  double test_shift = -0.9;
};

/// A regression in high dimension on core features and on others that correlate with them alone
/// (Bombari & Mondelli 2025). The target follows from the core; what ridge regression and random
/// features learn of the rest is known in closed form. See datasets/ridge_correlation.md.
class RidgeCorrelation final : public GenerativeEnvironment {
 public:
  using Options = RidgeCorrelationOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("core_dimensions", &O::core_dimensions, "Dimension of the core.",
                   between(1, 500), log_uniform_integer(5, 100))
            .field("spurious_dimensions", &O::spurious_dimensions,
                   "Dimension of the spurious block. Coordinate j correlates with coordinate j of "
                   "the core, as far as there is one.",
                   between(1, 500), log_uniform_integer(5, 100))
            .field("amplitude", &O::amplitude,
                   "Standard deviation of each spurious coordinate. A ridge penalty prefers large "
                   "ones.",
                   between(0.01, 100))
            .field("noise", &O::noise, "Standard deviation of the noise of the target.",
                   between(0, 100))
            .field("train_shifts", &O::train_shifts,
                   "Correlation rho of each spurious coordinate with its core coordinate in each "
                   "train domain.",
                   between(-1, 1))
            .field("test_shift", &O::test_shift, "The same in the test domain.", between(-1, 1))
            .preset("easy", {{"amplitude", 1.0}, {"train_shifts", Value::List{0.7, 0.5}}},
                    "a weaker cue")
            .preset("medium", {})
            .preset("hard",
                    {{"amplitude", 4.0}, {"noise", 1.0}, {"train_shifts", Value::List{0.98, 0.95}}},
                    "a stronger cue and more noise");
    return schema;
  }

  RidgeCorrelation(const Options& options, const EnvironmentContext& context)
      : GenerativeEnvironment(context, ShiftDomains("ridge_correlation", options.train_shifts,
                                                    options.test_shift, -1.0, 1.0)),
        options_(options),
        pairs_(std::min(options.core_dimensions, options.spurious_dimensions)) {
    for (const double shift : options_.train_shifts) {
      mean_shift_ += shift / static_cast<double>(options_.train_shifts.size());
    }
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return intervention.kind == Intervention::Kind::none ||
           (intervention.kind == Intervention::Kind::resample &&
            intervention.acts_only_on(kSpurious));
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const auto exact = [](double value) { return Ceiling{value, Exactness::closed_form, 0.0}; };
    const double noise = options_.noise * options_.noise;
    // E[target | spurious] weighs coordinate j with coefficient() * rho / amplitude. In another
    // domain, of rho', the error of the sum over pairs is 1 - 2 rho rho' + rho^2 of each.
    const double rho = domains_.shift(domain);
    const double shared = static_cast<double>(pairs_) * coefficient() * coefficient();
    Ceilings out;
    out.bayes = exact(noise);
    out.invariant = exact(noise);
    out.spurious_only =
        exact(1.0 + noise + shared * (mean_shift_ * mean_shift_ - 2.0 * mean_shift_ * rho));
    // Of a cue that is the core itself, no one minimiser is best.
    if (std::any_of(options_.train_shifts.begin(), options_.train_shifts.end(),
                    [](double shift) { return std::abs(shift) < 1.0; })) {
      out.population_erm = exact(noise);
    }
    out.chance = 1.0 + noise;
    return out;
  }

  [[nodiscard]] std::optional<Theory> theory(const TheoryRequest& request,
                                             const std::vector<Domain>& domains) const override {
    RidgeDomains known;
    for (const double shift : options_.train_shifts) known.train.push_back(moments(shift));
    for (const Domain& domain : domains) known.where.push_back(moments(domains_.shift(domain)));
    known.spurious_cross = spurious_cross();
    std::optional<Theory> theory = ridge_theory(request, known);
    if (theory) theory->same_for_all_seeds = true;
    return theory;
  }

  /// "spurious_correlation", [K]: the covariance of the output with the target where the core is
  /// drawn anew, at the mean correlation of the train domains (Bombari & Mondelli 2025).
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const override {
    SPURION_CHECK(weights.dim() == 2 && weights.size(1) == width(),
                  "ridge_correlation has a coefficient for each input");
    const Tensor cross = at::tensor(spurious_cross(), at::kDouble);
    const Tensor shown = weights.detach().to(at::kCPU, at::kDouble);
    return {{core::stored_name(core::MetricId::spurious_correlation), (shown * cross).sum(1)}};
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  static constexpr const char* kCore = "core";
  static constexpr const char* kSpurious = "spurious";

  void describe();
  [[nodiscard]] std::int64_t width() const {
    return options_.core_dimensions + options_.spurious_dimensions;
  }
  /// Of each core coordinate in the target: the squares have the sum 1.
  [[nodiscard]] double coefficient() const {
    return 1.0 / std::sqrt(static_cast<double>(options_.core_dimensions));
  }
  /// Second moments of (core, spurious) and the target.
  [[nodiscard]] Moments moments(double shift) const {
    const std::int64_t cores = options_.core_dimensions;
    Moments out;
    out.inputs = identity(width());
    out.cross = Vector(static_cast<std::size_t>(width()), 0.0);
    for (std::int64_t j = 0; j < cores; ++j) out.cross[static_cast<std::size_t>(j)] = coefficient();
    for (std::int64_t j = cores; j < width(); ++j) {
      out.inputs(j, j) = options_.amplitude * options_.amplitude;
    }
    for (std::int64_t j = 0; j < pairs_; ++j) {
      out.inputs(j, cores + j) = shift * options_.amplitude;
      out.inputs(cores + j, j) = shift * options_.amplitude;
      out.cross[static_cast<std::size_t>(cores + j)] = shift * options_.amplitude * coefficient();
    }
    out.target = 1.0 + options_.noise * options_.noise;
    return out;
  }
  /// E[x target] where the core in x is drawn anew, at the mean correlation.
  [[nodiscard]] Vector spurious_cross() const {
    Vector cross = moments(mean_shift_).cross;
    std::fill_n(cross.begin(), options_.core_dimensions, 0.0);
    return cross;
  }

  Options options_;
  std::int64_t pairs_;  ///< coordinates that correlate
  double mean_shift_ = 0.0;
};

Sample RidgeCorrelation::generate(const Domain& domain, Split split, RowRange rows,
                                  const Intervention& intervention) const {
  const double rho = domains_.shift(domain);
  const double rest = std::sqrt(std::max(1.0 - rho * rho, 0.0));
  const RandomKey key = rows_key(domain, split);
  const std::int64_t cores = options_.core_dimensions;
  const std::int64_t cues = options_.spurious_dimensions;
  const auto normals = [&](const char* name, std::int64_t lanes) {
    Tensor drawn = at::empty({rows.count, lanes}, at::kFloat);
    RandomStream(key.child(name))
        .fill_normal(rows.first, rows.count, lanes, drawn.data_ptr<float>());
    return drawn;
  };
  const Tensor core = normals("core", cores);
  const bool fresh = intervention.kind == Intervention::Kind::resample;
  const Tensor own = normals(fresh ? "fresh" : "spurious", cues);
  const Tensor target_noise = normals("noise", 1);
  Sample sample;
  sample.x = at::empty({rows.count, width()}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kFloat);
  sample.causal = core;
  sample.spurious = at::empty({rows.count, cues}, at::kFloat);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const float* core_row = core.data_ptr<float>() + i * cores;
    const float* own_row = own.data_ptr<float>() + i * cues;
    float* cue_row = sample.spurious.data_ptr<float>() + i * cues;
    double sum = 0.0;
    for (std::int64_t j = 0; j < cores; ++j) sum += static_cast<double>(core_row[j]);
    for (std::int64_t j = 0; j < cues; ++j) {
      double value = static_cast<double>(own_row[j]);
      if (!fresh && j < pairs_) value = rho * static_cast<double>(core_row[j]) + rest * value;
      cue_row[j] = static_cast<float>(options_.amplitude * value);
    }
    sample.y.data_ptr<float>()[i] =
        static_cast<float>(coefficient() * sum +
                           options_.noise * static_cast<double>(target_noise.data_ptr<float>()[i]));
    float* x = sample.x.data_ptr<float>() + i * width();
    std::copy_n(core_row, cores, x);
    std::copy_n(cue_row, cues, x + cores);
  }
  return sample;
}

void RidgeCorrelation::describe() {
  info_.title = "Ridge regression and correlated features";
  info_.citation =
      "Bombari, Mondelli 2025, \"Spurious Correlations in High Dimensional Regression\", "
      "arXiv:2502.01347";
  info_.mechanism = fmt::format(
      "core_j ~ N(0, 1), j = 1 .. {0}\n"
      "target = (core_1 + ... + core_{0}) / sqrt({0}) + {1} N(0, 1)\n"
      "spurious_j = {2} (rho core_j + sqrt(1 - rho^2) N(0, 1)), j = 1 .. {3}{4}\n"
      "x = (core, spurious)",
      options_.core_dimensions, options_.noise, options_.amplitude, pairs_,
      pairs_ < options_.spurious_dimensions
          ? fmt::format("; up to {}: {} N(0, 1)", options_.spurious_dimensions, options_.amplitude)
          : "");
  info_.deviations =
      "The source has one training distribution with any covariance, and measures the learnt "
      "correlation; here blocks correlate coordinate by coordinate, there are several train "
      "domains, "
      "and the correlation shifts in the test domain.";
  info_.task = Task::regression;
  info_.outputs = 1;
  info_.input_shape = {width()};
  info_.cue = kSpurious;
  info_.causal = kCore;
  info_.graph = {{{kCore, Role::causal, "N(0, I)"},
                  {"noise", Role::noise, "noise of the target"},
                  {"label", Role::label, "sum of the core, scaled, and noise"},
                  {kSpurious, Role::spurious, "correlates with the core, coordinate by coordinate"},
                  {"input", Role::observed, "(core, spurious)"}},
                 {{kCore, "label"},
                  {"noise", "label"},
                  {kCore, kSpurious},
                  {kCore, "input"},
                  {kSpurious, "input"}}};
  info_.shift_axis.name = "rho";
  info_.shift_axis.doc = "correlation of each spurious coordinate with its core coordinate";
}

}  // namespace

void register_ridge_correlation(Catalog& catalog);
void register_ridge_correlation(Catalog& catalog) {
  catalog.environments.add<RidgeCorrelation>(
      "ridge_correlation",
      "Regression in high dimension, where what ridge learns of correlated features is known.",
      "Bombari & Mondelli 2025, arXiv:2502.01347");
}

}  // namespace spurion::environments
