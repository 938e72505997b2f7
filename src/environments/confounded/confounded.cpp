#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "environments/confounded/confounded_ceilings.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/gaussian_core_cue.hpp"
#include "environments/shared/generative_environment.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::normals;
using Kind = Intervention::Kind;

struct ConfoundedOptions : CoreAndCueOptions {
  std::string shift = "mechanism";
  std::vector<double> train_correlations = {0.8, 0.95};
  double test_correlation = -0.9;
  std::vector<double> train_means = {-0.5, 0.0};
  double test_mean = 2.0;
  double causal_effect = 2.0;
  double hidden_effect = 3.0;
};

/// What is seen causes the label, and so does something hidden, which the cue reads: the cue is no
/// cause of the label, nor an effect. Between domains either the cue's mechanism moves or the
/// distribution of the cause. See datasets/confounded.md.
class Confounded final : public GenerativeEnvironment {
 public:
  using Options = ConfoundedOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CoreAndCueOptions::schema())
            .field("shift", &Options::shift,
                   "What shifts. mechanism: how the cue depends on the hidden variable. covariate: "
                   "the mean of the causal variable.",
                   one_of({"mechanism", "covariate"}))
            .field("train_correlations", &Options::train_correlations,
                   "Correlation of the cue with the hidden variable in each train domain. Under "
                   "covariate shift every domain has their mean.",
                   between(-1, 1))
            .field("test_correlation", &Options::test_correlation,
                   "Correlation of the cue with the hidden variable in the test domain, under "
                   "mechanism shift.",
                   between(-1, 1))
            .field("train_means", &Options::train_means,
                   "Mean of the causal variable in each train domain, under covariate shift. Under "
                   "mechanism shift: 0.",
                   between(-kFarthest, kFarthest))
            .field("test_mean", &Options::test_mean,
                   "Mean of the causal variable in the test domain, under covariate shift.",
                   between(-kFarthest, kFarthest))
            .field("causal_effect", &Options::causal_effect,
                   "Effect of the causal variable on the label, in units of its noise.", positive(),
                   log_uniform(0.5, 8.0))
            .field("hidden_effect", &Options::hidden_effect,
                   "Effect of the hidden variable on the label, in units of its noise.", positive(),
                   log_uniform(0.5, 8.0))
            .preset("easy", {{"hidden_effect", 1.0}, {"train_correlations", Value::List{0.3, 0.7}}})
            .preset("medium", {})
            .preset("hard",
                    {{"hidden_effect", 4.0}, {"train_correlations", Value::List{0.95, 0.99}}});
    return schema;
  }

  Confounded(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context,
            ShiftDomains(
                "confounded", mechanism(options) ? options.train_correlations : options.train_means,
                mechanism(options) ? options.test_correlation : options.test_mean,
                mechanism(options) ? -1.0 : -kFarthest, mechanism(options) ? 1.0 : kFarthest)),
        options_(std::move(options)),
        rows_(options_),
        mechanism_(mechanism(options_)) {
    if (options_.train_correlations.empty()) {
      throw UsageError("'train_correlations' of confounded is empty");
    }
    for (const double correlation : options_.train_correlations) {
      mean_train_correlation_ +=
          correlation / static_cast<double>(options_.train_correlations.size());
    }
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none || intervention.acts_only_on(kCue)) return true;
    // What agrees with the label has no meaning for a cause of it.
    return intervention.acts_only_on(kCore) && intervention.kind == Kind::flip;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    std::vector<ConfoundedLaw> train;
    for (const double shift : domains_.train_shifts()) train.push_back(law(shift));
    return confounded_ceilings(law(domains_.shift(domain)), train);
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const RandomKey key = rows_key(domain, split);
    const ConfoundedLaw here = law(domains_.shift(domain));
    const std::vector<float> hidden = normals(key.child("hidden"), rows);
    const std::vector<float> label_noise = normals(key.child("label_noise"), rows);
    const std::vector<float> cue_noise = normals(key.child("cue_noise"), rows);
    const std::vector<float> fresh = normals(key.child("fresh_cue"), rows);
    const double rest = std::sqrt(1.0 - here.correlation * here.correlation);
    const double mean = here.mean / std::sqrt(static_cast<double>(options_.core_dimensions));
    std::vector<float> core = rows_.core(key, rows, std::vector<double>(hidden.size(), mean));
    // do(core) comes before its effect, the label.
    if (intervention.acts_on(kCore)) {
      for (float& value : core) value = -value;
    }
    const std::vector<double> u = rows_.statistics(core);
    std::vector<int> y;
    std::vector<double> cue;
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      const double lead = here.causal * u[i] + here.hidden * hidden[i] + label_noise[i];
      y.push_back(lead > 0.0 ? 1 : -1);
      cue.push_back(here.correlation * hidden[i] + rest * cue_noise[i]);
      if (intervention.acts_on(kCue)) {
        cue[i] = intervened_real(cue[i], y[i], fresh[i], intervention);
      }
    }
    return rows_.sample(key, rows, core, y, cue);
  }

 private:
  static bool mechanism(const Options& options) { return options.shift == "mechanism"; }
  static constexpr const char* kCue = "cue";
  static constexpr const char* kCore = "core";
  static constexpr double kFarthest = 3.0;

  [[nodiscard]] ConfoundedLaw law(double shift) const {
    return {options_.causal_effect, options_.hidden_effect,
            mechanism_ ? shift : mean_train_correlation_, mechanism_ ? 0.0 : shift};
  }

  void describe() {
    info_.title = mechanism_ ? "Cue through a hidden confounder, its mechanism shifting"
                             : "Cue through a hidden confounder, the cause shifting";
    info_.citation =
        "Scholkopf et al. 2012, \"On Causal and Anticausal Learning\", arXiv:1206.6471; Pearl "
        "2009, \"Causality\", chapter 3";
    const std::string correlation =
        mechanism_ ? "r" : fmt::format("{:.3g}", mean_train_correlation_);
    info_.mechanism = fmt::format(
        "h = N(0, 1), hidden\n"
        "core_j = N({0} / sqrt({1}), 1), j = 1..{1};  u = sum_j core_j / sqrt({1})\n"
        "label = 1 if {2} u + {3} h + N(0, 1) > 0 else 0\n"
        "cue = {4} h + sqrt(1 - {4}^2) N(0, 1)\n"
        "x = (core, {5} cue, {6} coordinates of N(0, 1))",
        mechanism_ ? "0" : "m", options_.core_dimensions, options_.causal_effect,
        options_.hidden_effect, correlation, options_.amplitude, options_.noise_dimensions);
    info_.deviations = "The sources describe the setting; numbers and domains are by spurion.";
    if (mechanism_) info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {rows_.dimensions()};
    info_.cue = kCue;
    info_.causal = kCore;
    info_.graph = {{{kCore, Role::causal, "a cause of the label"},
                    {"hidden", Role::hidden, "a cause of label and cue"},
                    {"label_noise", Role::noise, "standard normal"},
                    {"label", Role::label, "1 where causes and noise sum to more than 0"},
                    {kCue, Role::spurious, "a noisy reading of the hidden variable"},
                    {"cue_noise", Role::noise, "standard normal"},
                    {"input", Role::observed, "core, cue, noise"}},
                   {{kCore, "label"},
                    {"hidden", "label"},
                    {"label_noise", "label"},
                    {"hidden", kCue},
                    {"cue_noise", kCue},
                    {kCore, "input"},
                    {kCue, "input"}}};
    info_.shift_axis.name = mechanism_ ? "r" : "m";
    info_.shift_axis.doc = mechanism_ ? "correlation of the cue with the hidden cause of the label"
                                      : "mean of the causal variable";
  }

  Options options_;
  CoreAndCue rows_;
  bool mechanism_;
  double mean_train_correlation_ = 0.0;
};

}  // namespace

void register_confounded(Catalog& catalog);
void register_confounded(Catalog& catalog) {
  catalog.environments.add<Confounded>("confounded",
                                       "A hidden confounder of label and cue; the mechanism of the "
                                       "cue shifts, or the causal variable.",
                                       "after Scholkopf et al. 2012, arXiv:1206.6471");
}

}  // namespace spurion::environments
