#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/ceilings/real_cue_ceilings.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/gaussian_core_cue.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/numerics/quadrature.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::normals;
using environments::uniforms;
using Kind = Intervention::Kind;

struct AntiCausalOptions : CoreAndCueOptions {
  std::string shift = "mechanism";
  std::vector<double> train_strengths = {1.5, 2.0};
  double test_strength = -1.0;
  std::vector<double> train_priors = {0.2, 0.3};
  double test_prior = 0.8;
  double separation = 0.45;
};

/// The label causes both what is invariant and the cue. Between domains either the cue's mechanism
/// moves or the share of the labels: two reasons to fail that look alike in a gap. See
/// datasets/anti_causal.md.
class AntiCausal final : public GenerativeEnvironment {
 public:
  using Options = AntiCausalOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CoreAndCueOptions::schema())
            .field("shift", &Options::shift,
                   "What shifts. mechanism: the effect of the label on the cue. label: the "
                   "probability of the label.",
                   one_of({"mechanism", "label"}))
            .field("train_strengths", &Options::train_strengths,
                   "Mean of the cue if y = 1, in each train domain. Under label shift every domain "
                   "has their mean.",
                   between(-kStrongest, kStrongest))
            .field("test_strength", &Options::test_strength,
                   "Mean of the cue if y = 1, in the test domain, under mechanism shift.",
                   between(-kStrongest, kStrongest))
            .field(
                "train_priors", &Options::train_priors,
                "P(label = 1) in each train domain, under label shift. Under mechanism shift: 1/2.",
                between(kRarest, 1.0 - kRarest))
            .field("test_prior", &Options::test_prior,
                   "P(label = 1) in the test domain, under label shift.",
                   between(kRarest, 1.0 - kRarest))
            .field("separation", &Options::separation,
                   "Half the distance between the labels in each coordinate of the core, in "
                   "standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .preset("easy", {{"separation", 0.9}, {"train_strengths", Value::List{0.5, 1.5}}})
            .preset("medium", {})
            .preset("hard", {{"train_strengths", Value::List{2.5, 3.0}}, {"test_strength", -2.0}});
    return schema;
  }

  AntiCausal(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context,
            ShiftDomains("anti_causal",
                         mechanism(options) ? options.train_strengths : options.train_priors,
                         mechanism(options) ? options.test_strength : options.test_prior,
                         mechanism(options) ? -kStrongest : kRarest,
                         mechanism(options) ? kStrongest : 1.0 - kRarest)),
        options_(std::move(options)),
        rows_(options_),
        mechanism_(mechanism(options_)) {
    if (options_.train_strengths.empty()) {
      throw UsageError("'train_strengths' of anti_causal is empty");
    }
    for (const double strength : options_.train_strengths) {
      mean_train_strength_ += strength / static_cast<double>(options_.train_strengths.size());
    }
    std::vector<RealCueLaw> train;
    for (const double shift : domains_.train_shifts()) train.push_back(law(shift));
    const double distance =
        options_.separation * std::sqrt(static_cast<double>(options_.core_dimensions));
    ceilings_.emplace(distance, std::move(train), kStrongest + environments::kNormalTail,
                      pooled_side());
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none || intervention.acts_only_on(kCue)) return true;
    return intervention.acts_only_on(kCore) && intervention.kind != Kind::set &&
           intervention.kind != Kind::resample;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return ceilings_->of(law(domains_.shift(domain)));
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const RandomKey key = rows_key(domain, split);
    const double shift = domains_.shift(domain);
    const double prior = prior_at(shift);
    const double strength = strength_at(shift);
    const std::vector<double> label = uniforms(key.child("label"), rows);
    const std::vector<double> other_label = uniforms(key.child("other_label"), rows);
    const std::vector<float> cue_noise = normals(key.child("cue_noise"), rows);
    const std::vector<float> fresh_noise = normals(key.child("fresh_cue_noise"), rows);
    std::vector<int> y;
    std::vector<double> mean;
    std::vector<double> cue;
    for (std::size_t i = 0; i < label.size(); ++i) {
      y.push_back(label[i] < prior ? 1 : -1);
      mean.push_back(options_.separation * y[i]);
      cue.push_back(strength * y[i] + cue_noise[i]);
      if (intervention.acts_on(kCue)) {
        const double fresh = strength * (other_label[i] < prior ? 1 : -1) + fresh_noise[i];
        cue[i] = intervened_real(cue[i], y[i], fresh, intervention);
      }
    }
    std::vector<float> core = rows_.core(key, rows, mean);
    if (intervention.acts_on(kCore)) rows_.turn(core, y, intervention);
    return rows_.sample(key, rows, core, y, cue);
  }

 private:
  static bool mechanism(const Options& options) { return options.shift == "mechanism"; }
  static constexpr const char* kCue = "cue";
  static constexpr const char* kCore = "core";
  static constexpr double kStrongest = 4.0;
  static constexpr double kRarest = 0.05;

  [[nodiscard]] double strength_at(double shift) const {
    return mechanism_ ? shift : mean_train_strength_;
  }
  [[nodiscard]] double prior_at(double shift) const { return mechanism_ ? 0.5 : shift; }
  [[nodiscard]] RealCueLaw law(double shift) const {
    const double strength = strength_at(shift);
    return {prior_at(shift), [strength](double t, int y) {
              const double off = t - strength * y;
              return -0.5 * off * off - 0.91893853320467274178;  // log sqrt(2 pi)
            }};
  }

  /// Of the sign of what the train domains' cue says, pooled.
  [[nodiscard]] environments::RealFunction pooled_side() const {
    if (mechanism_) {
      // exp(-(t - b)^2 / 2) - exp(-(t + b)^2 / 2) = 2 exp(-(t^2 + b^2) / 2) sinh(b t)
      return [left = environments::without_opposites(domains_.train_shifts())](double t) {
        double sum = 0.0;
        for (const double b : left) sum += std::exp(-0.5 * b * b) * std::sinh(b * t);
        return sum;
      };
    }
    double positive = 0.0;
    double negative = 0.0;
    for (const double prior : domains_.train_shifts()) {
      positive += prior;
      negative += 1.0 - prior;
    }
    const double from_priors = std::log(positive / negative);
    return [from_priors, slope = 2.0 * mean_train_strength_](double t) {
      const double lead = from_priors + slope * t;
      return environments::first_is_better(lead) == 0.5 ? 0.0 : lead;
    };
  }

  void describe() {
    info_.title = mechanism_ ? "Cue as an effect of the label, its mechanism shifting"
                             : "Cue as an effect of the label, labels shifting";
    info_.citation =
        "Scholkopf et al. 2012, \"On Causal and Anticausal Learning\", arXiv:1206.6471";
    info_.mechanism = fmt::format(
        "y = +1 with probability {}, else -1; label = 1 if y = +1 else 0\n"
        "core_j = {} y + N(0, 1), j = 1..{}\n"
        "cue = {} y + N(0, 1)\n"
        "x = (core, {} cue, {} coordinates of N(0, 1))",
        mechanism_ ? "1/2" : "p, the shift", options_.separation, options_.core_dimensions,
        mechanism_ ? "b" : fmt::format("{}", mean_train_strength_), options_.amplitude,
        options_.noise_dimensions);
    info_.deviations = "The source describes the setting; numbers and domains are by spurion.";
    if (mechanism_) info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {rows_.dimensions()};
    info_.cue = kCue;
    info_.causal = kCore;
    info_.graph = {{{"label", Role::label, "y = -1 or +1"},
                    {kCore, Role::causal, "an effect of y with one mechanism in all domains"},
                    {"core_noise", Role::noise, "standard normal"},
                    {kCue, Role::spurious, "an effect of y, b y + noise"},
                    {"cue_noise", Role::noise, "standard normal"},
                    {"input", Role::observed, "core, cue, noise"}},
                   {{"label", kCore},
                    {"core_noise", kCore},
                    {"label", kCue},
                    {"cue_noise", kCue},
                    {kCore, "input"},
                    {kCue, "input"}}};
    info_.shift_axis.name = mechanism_ ? "b" : "p";
    info_.shift_axis.doc = mechanism_ ? "mean of the cue where y = 1" : "P(label = 1)";
  }

  Options options_;
  CoreAndCue rows_;
  bool mechanism_;
  double mean_train_strength_ = 0.0;
  std::optional<RealCueCeilings> ceilings_;
};

}  // namespace

void register_anti_causal(Catalog& catalog);
void register_anti_causal(Catalog& catalog) {
  catalog.environments.add<AntiCausal>("anti_causal",
                                       "The label causes core and cue; the mechanism of the cue "
                                       "shifts, or the probability of the label.",
                                       "after Scholkopf et al. 2012, arXiv:1206.6471");
}

}  // namespace spurion::environments
