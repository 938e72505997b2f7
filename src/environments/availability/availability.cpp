#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/availability/gaussian_pair.hpp"
#include "environments/availability/nested_embedding.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

using environments::GaussianPair;
using environments::NestedEmbedding;
using environments::normal_quantile;
using Kind = Intervention::Kind;

struct AvailabilityOptions {
  double core_predictivity = 0.9;
  std::vector<double> train_shifts = {0.2};
  double test_shift = 0.8;
  double core_amplification = 1.0;
  double shortcut_amplification = 4.0;
  std::int64_t core_nesting = 0;
  std::int64_t shortcut_nesting = 0;
  std::int64_t width = 16;
};

/// Two latent features, each with a predictivity and an availability of its own: Hermann et al.
/// 2024, "On the foundations of shortcut learning". See datasets/availability.md.
class Availability final : public GenerativeEnvironment {
 public:
  using Options = AvailabilityOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("core_predictivity", &O::core_predictivity,
                   "P(sign of the core = label), in every domain.", between(0.501, 0.999),
                   uniform(0.6, 0.95))
            .field("train_shifts", &O::train_shifts,
                   "1 - predictivity of the shortcut in each train domain. All values are on one "
                   "side of 1/2.",
                   between(kLow, kHigh))
            .field("test_shift", &O::test_shift,
                   "1 - predictivity of the shortcut in the test domain.", between(kLow, kHigh))
            .field("core_amplification", &O::core_amplification, "Scale of the core in x.",
                   positive(), log_uniform(0.1, 10.0))
            .field("shortcut_amplification", &O::shortcut_amplification,
                   "Scale of the shortcut in x.", positive(), log_uniform(0.1, 10.0))
            .field("core_nesting", &O::core_nesting,
                   "Number of random network layers that encode the core. Must be below 'width'.",
                   between(0, 10))
            .field(
                "shortcut_nesting", &O::shortcut_nesting,
                "Number of random network layers that encode the shortcut. Must be below 'width'.",
                between(0, 10))
            .field("width", &O::width, "Number of coordinates of x for each feature.",
                   between(1, 1000))
            .preset("easy", {{"shortcut_amplification", 1.0}}, "both equally available")
            .preset("medium", {})
            .preset("hard", {{"shortcut_amplification", 4.0}, {"core_nesting", 2}});
    return schema;
  }

  Availability(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(context, ShiftDomains("availability", options.train_shifts,
                                                    options.test_shift, kLow, kHigh)),
        options_(checked(std::move(options))),
        core_mean_(normal_quantile(options_.core_predictivity)),
        pair_(core_mean_, means(options_.train_shifts)),
        core_shown_(key_.child("embedding").child(kCausal), options_.width, options_.core_nesting),
        shortcut_shown_(key_.child("embedding").child(kCue), options_.width,
                        options_.shortcut_nesting) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    return (intervention.acts_only_on(kCue) || intervention.acts_only_on(kCausal)) &&
           std::isfinite(intervention.value);
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return pair_.ceilings(mean(domains_.shift(domain)));
  }

  [[nodiscard]] std::optional<double> optimal_flip_rate(const Domain& domain) const override {
    return pair_.optimal_flip_rate(mean(domains_.shift(domain))).value;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  static constexpr const char* kCue = "shortcut";
  static constexpr const char* kCausal = "core";
  static constexpr double kLow = 0.01;
  static constexpr double kHigh = 0.99;

  static Options checked(Options options) {
    const auto& shifts = options.train_shifts;
    const auto [least, most] = std::minmax_element(shifts.begin(), shifts.end());
    if (*least < 0.5 && *most > 0.5) {
      throw UsageError(
          fmt::format("'train_shifts' of availability must lie on one side of 1/2, got {} and {}",
                      *least, *most));
    }
    for (const auto& [name, nesting] : {std::pair{"core_nesting", options.core_nesting},
                                        std::pair{"shortcut_nesting", options.shortcut_nesting}}) {
      if (nesting > NestedEmbedding::deepest(options.width)) {
        throw UsageError(fmt::format(
            "'{}' of availability must be below 'width', {}; got {}: in narrower networks 32-bit "
            "numbers do not tell the latents apart, and no ceiling would be known",
            name, options.width, nesting));
      }
    }
    return options;
  }

  /// Of the shortcut given y = +1, so that its sign disagrees with probability `shift`.
  static double mean(double shift) { return shift == 0.5 ? 0.0 : normal_quantile(1.0 - shift); }
  static std::vector<double> means(const std::vector<double>& shifts) {
    std::vector<double> all;
    for (const double shift : shifts) all.push_back(mean(shift));
    return all;
  }
  void describe();

  Options options_;
  double core_mean_;
  GaussianPair pair_;
  NestedEmbedding core_shown_;
  NestedEmbedding shortcut_shown_;
};

/// A latent under an intervention: "the other value" is its mirror image, what agrees with the
/// label is that of the two with its sign, `drawn` is another draw from the marginal.
double changed(double latent, int y, double drawn, const Intervention& intervention) {
  switch (intervention.kind) {
    case Kind::set:
      return intervention.value;
    case Kind::flip:
      return -latent;
    case Kind::align:
      return y * std::abs(latent);
    case Kind::oppose:
      return -y * std::abs(latent);
    case Kind::resample:
      return drawn;
    case Kind::none:
      break;
  }
  return latent;
}

Sample Availability::generate(const Domain& domain, Split split, RowRange rows,
                              const Intervention& intervention) const {
  const RandomKey key = rows_key(domain, split);
  const RandomStream labels(key.child("label"));
  const double shortcut_mean = mean(domains_.shift(domain));
  const RandomStream core_noise(key.child(kCausal));
  const RandomStream shortcut_noise(key.child(kCue));
  // Lanes of a latent: its noise; noise and side of another draw.
  const auto latent = [&](const char* name, const RandomStream& noise, std::int64_t row, int y,
                          double mean) {
    const double value = y * mean + noise.normal(row, 0);
    if (!intervention.acts_on(name)) return value;
    const int side = noise.uniform(row, 2) < 0.5 ? 1 : -1;
    return changed(value, y, side * mean + noise.normal(row, 1), intervention);
  };
  const std::int64_t width = options_.width;
  Sample sample;
  sample.x = at::empty({rows.count, 2 * width}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t row = rows.first + i;
    const int y = labels.uniform(row) < 0.5 ? 1 : -1;
    const double core = latent(kCausal, core_noise, row, y, core_mean_);
    const double shortcut = latent(kCue, shortcut_noise, row, y, shortcut_mean);
    float* x = sample.x.data_ptr<float>() + i * 2 * width;
    core_shown_.show(core, options_.core_amplification, x);
    shortcut_shown_.show(shortcut, options_.shortcut_amplification, x + width);
    sample.y.data_ptr<std::int64_t>()[i] = y > 0 ? 1 : 0;
    sample.causal.data_ptr<float>()[i] = static_cast<float>(core);
    sample.spurious.data_ptr<float>()[i] = static_cast<float>(shortcut);
    sample.group.data_ptr<std::int64_t>()[i] = 2 * (y > 0 ? 1 : 0) + (shortcut * y > 0.0 ? 1 : 0);
  }
  return sample;
}

void Availability::describe() {
  info_.title = "Availability against predictivity";
  info_.citation =
      "Hermann, Mobahi, Fel, Mozer 2024, \"On the Foundations of Shortcut Learning\", "
      "arXiv:2310.16228";
  info_.mechanism = fmt::format(
      "y = -1 or +1, evenly; label = 1 if y = +1 else 0\n"
      "core = {:.4g} y + N(0, 1): its sign is y's with probability {}\n"
      "shortcut = Phi^-1(1 - e) y + N(0, 1): its sign is y's with probability 1 - e\n"
      "x = ({} f_core(core), {} f_shortcut(shortcut)), {} coordinates each, E |f|^2 = 1 for N(0, "
      "1)\n"
      "f = a random direction, then {} (core) and {} (shortcut) random layers tanh(W h + b)",
      core_mean_, options_.core_predictivity, options_.core_amplification,
      options_.shortcut_amplification, options_.width, options_.core_nesting,
      options_.shortcut_nesting);
  info_.deviations =
      "Latents are independent given the label; the two features are shown in coordinates of their "
      "own, so that x determines them; amplification is applied after nesting and the nested "
      "feature is scaled to the size of a plain one, so that the two options are independent; "
      "widths, gain "
      "and biases of the random network are ours; the bias is measured by mirroring a latent.";
  info_.task = Task::binary;
  info_.groups = 4;
  info_.input_shape = {2 * options_.width};
  info_.cue = kCue;
  info_.causal = kCausal;
  info_.graph = {{{"label", Role::label, "a fair coin; y = -1 or +1"},
                  {"core_noise", Role::noise, "standard normal"},
                  {kCausal, Role::causal, "mean y Phi^-1(core_predictivity); the same everywhere"},
                  {"shortcut_noise", Role::noise, "standard normal"},
                  {kCue, Role::spurious, "mean y Phi^-1(1 - e)"},
                  {"input", Role::observed,
                   "the core and the shortcut, each as available as its options say"}},
                 {{"label", kCausal},
                  {"core_noise", kCausal},
                  {"label", kCue},
                  {"shortcut_noise", kCue},
                  {kCausal, "input"},
                  {kCue, "input"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = "P(the shortcut's sign disagrees with the label) = 1 - its predictivity";
  info_.shift_axis.points = {kLow, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, kHigh};
}

}  // namespace

void register_availability(Catalog& catalog);
void register_availability(Catalog& catalog) {
  catalog.environments.add<Availability>(
      "availability", "Two latent features, each with its own predictivity and availability.",
      "Hermann et al. 2024, arXiv:2310.16228");
}

}  // namespace spurion::environments
