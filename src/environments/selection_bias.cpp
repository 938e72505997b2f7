#include <fmt/format.h>

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

namespace spurion::environments {
namespace {

using environments::normals;
using environments::uniforms;
using Kind = Intervention::Kind;

struct SelectionBiasOptions : CoreAndCueOptions {
  std::vector<double> train_selection = {3.0, 5.0};
  double test_selection = 0.0;
  double separation = 0.45;
};

/// Label and cue are independent, but whether a row is kept depends on both: among the rows that
/// are, the cue predicts the label. No arrow joins the two; the common effect does it (a collider).
/// See datasets/selection_bias.md.
class SelectionBias final : public GenerativeEnvironment {
 public:
  using Options = SelectionBiasOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CoreAndCueOptions::schema())
            .field("train_selection", &Options::train_selection,
                   "Selection strength k of each train domain: a row is kept with probability "
                   "Phi(k y cue).",
                   between(-kStrongest, kStrongest))
            .field("test_selection", &Options::test_selection,
                   "Selection strength of the test domain. 0: no selection.",
                   between(-kStrongest, kStrongest))
            .field("separation", &Options::separation,
                   "Half the distance between the labels in each coordinate of the core, in "
                   "standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .preset("easy", {{"separation", 0.9}, {"train_selection", Value::List{0.5, 1.5}}})
            .preset("medium", {})
            .preset("hard",
                    {{"train_selection", Value::List{6.0, 10.0}}, {"test_selection", -3.0}});
    return schema;
  }

  SelectionBias(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context, ShiftDomains("selection_bias", options.train_selection, options.test_selection,
                                  -kStrongest, kStrongest)),
        options_(std::move(options)),
        rows_(options_) {
    std::vector<RealCueLaw> train;
    for (const double k : domains_.train_shifts()) train.push_back(law(k));
    const double distance =
        options_.separation * std::sqrt(static_cast<double>(options_.core_dimensions));
    // Phi(k t) - Phi(-k t), summed over train domains, has the sign of their cue's log-odds.
    const auto side = [left = environments::without_opposites(domains_.train_shifts())](double t) {
      std::vector<double> leads;
      for (const double k : left) leads.push_back(k * t);
      return environments::sign_of_normal_leads(leads);
    };
    ceilings_.emplace(distance, std::move(train), environments::kNormalTail, side);
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
    const double k = domains_.shift(domain);
    const std::vector<double> label = uniforms(key.child("label"), rows);
    const std::vector<double> other_label = uniforms(key.child("other_label"), rows);
    const std::vector<float> noise = normals(key.child("cue_noise"), rows, 2);
    const std::vector<float> fresh_noise = normals(key.child("fresh_cue_noise"), rows, 2);
    // The kept rows' cue, drawn at once and not by trial: |n| of one normal beside another has the
    // density 2 phi(z) Phi(k z) (Azzalini 1985), so that row i is row i whatever was turned down.
    const double share = k / std::sqrt(1.0 + k * k);
    const double rest = 1.0 / std::sqrt(1.0 + k * k);
    const auto kept = [&](const std::vector<float>& normal, std::size_t i) {
      return share * std::abs(static_cast<double>(normal[2 * i])) +
             rest * static_cast<double>(normal[2 * i + 1]);
    };
    std::vector<int> y;
    std::vector<double> mean;
    std::vector<double> cue;
    for (std::size_t i = 0; i < label.size(); ++i) {
      y.push_back(label[i] < 0.5 ? 1 : -1);
      mean.push_back(options_.separation * y[i]);
      cue.push_back(y[i] * kept(noise, i));
      if (intervention.acts_on(kCue)) {
        const double fresh = (other_label[i] < 0.5 ? 1 : -1) * kept(fresh_noise, i);
        cue[i] = intervened_real(cue[i], y[i], fresh, intervention);
      }
    }
    std::vector<float> core = rows_.core(key, rows, mean);
    if (intervention.acts_on(kCore)) rows_.turn(core, y, intervention);
    return rows_.sample(key, rows, core, y, cue);
  }

 private:
  static constexpr const char* kCue = "cue";
  static constexpr const char* kCore = "core";
  static constexpr double kStrongest = 10.0;

  /// Kept rows where they are kept this strongly.
  [[nodiscard]] static RealCueLaw law(double k) {
    return {0.5, [k](double t, int y) {
              return std::log(2.0 * environments::normal_density(t)) +
                     environments::log_normal_cdf(k * y * t);
            }};
  }

  void describe() {
    info_.title = "Cue and label as causes of what is kept";
    info_.citation =
        "Hernan, Hernandez-Diaz, Robins 2004, \"A Structural Approach to Selection Bias\"; the "
        "density of kept rows: Azzalini 1985, \"A Class of Distributions Which Includes the "
        "Normal Ones\"";
    info_.mechanism = fmt::format(
        "y = -1 or +1, evenly; label = 1 if y = +1 else 0\n"
        "core_j = {} y + N(0, 1), j = 1..{}\n"
        "cue = N(0, 1), independent of y\n"
        "a row is kept with probability Phi(k y cue)\n"
        "x = (core, {} cue, {} coordinates of N(0, 1)) of kept rows",
        options_.separation, options_.core_dimensions, options_.amplitude,
        options_.noise_dimensions);
    info_.deviations =
        "The numbers are by spurion; kept rows are sampled directly from their distribution.";
    info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {rows_.dimensions()};
    info_.cue = kCue;
    info_.causal = kCore;
    info_.graph = {{{"label", Role::label, "a fair coin; y = -1 or +1"},
                    {kCore, Role::causal, "an effect of y with one mechanism in all domains"},
                    {"core_noise", Role::noise, "standard normal"},
                    {kCue, Role::spurious, "standard normal, independent of y before selection"},
                    {"kept", Role::selection, "1 with probability Phi(k y cue); all rows have it"},
                    {"input", Role::observed, "core, cue, noise"}},
                   {{"label", kCore},
                    {"core_noise", kCore},
                    {"label", "kept"},
                    {kCue, "kept"},
                    {kCore, "input"},
                    {kCue, "input"}}};
    info_.shift_axis.name = "k";
    info_.shift_axis.doc = "how strongly rows are kept whose cue has the label's sign; 0: all are";
  }

  Options options_;
  CoreAndCue rows_;
  std::optional<RealCueCeilings> ceilings_;
};

}  // namespace

void register_selection_bias(Catalog& catalog);
void register_selection_bias(Catalog& catalog) {
  catalog.environments.add<SelectionBias>(
      "selection_bias", "Rows are selected by label and cue, which makes the cue predictive.",
      "after Hernan et al. 2004");
}

}  // namespace spurion::environments
