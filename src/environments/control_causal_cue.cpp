#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/shared/ceilings/cue_cells.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/gaussian_core_cue.hpp"
#include "environments/shared/generative_environment.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

using environments::uniforms;
using Kind = Intervention::Kind;

struct ControlCausalCueOptions : CoreAndCueOptions {
  std::vector<double> train_shares = {0.4, 0.6};
  double test_share = 0.9;
  double label_noise = 0.15;
  double separation = 0.6;
};

/// Control: what is called the cue causes the label. To rely on it is right in every domain; its
/// distribution shifts, what it does to the label does not. See datasets/control_causal_cue.md.
class ControlCausalCue final : public GenerativeEnvironment {
 public:
  using Options = ControlCausalCueOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CoreAndCueOptions::schema())
            .field("train_shares", &Options::train_shares, "P(cue = +1) in each train domain.",
                   between(0, 1))
            .field("test_share", &Options::test_share, "P(cue = +1) in the test domain.",
                   between(0, 1))
            .field("label_noise", &Options::label_noise,
                   "P(the label differs from the cue), in every domain.", between(0, 0.5))
            .field("separation", &Options::separation,
                   "Half the distance between the labels in each coordinate of the core, in "
                   "standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .preset("easy", {{"label_noise", 0.05}})
            .preset("medium", {})
            .preset("hard", {{"separation", 0.4}, {"label_noise", 0.25}});
    return schema;
  }

  ControlCausalCue(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(context, ShiftDomains("control_causal_cue", options.train_shares,
                                                    options.test_share, 0.0, 1.0)),
        options_(std::move(options)),
        rows_(options_) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    if (intervention.acts_only_on(kCue)) {
      // What agrees with the label has no meaning for a cause of it.
      return intervention.kind == Kind::flip || intervention.kind == Kind::resample ||
             (intervention.kind == Kind::set && std::abs(intervention.value) == 1.0);
    }
    return intervention.acts_only_on(kCore) && intervention.kind != Kind::set &&
           intervention.kind != Kind::resample;
  }

  /// Negating cue, label and core leaves everything but the share of cues as it was, so no ceiling
  /// of one that knows both depends on it: they are those of a cue that is +1 as often as -1.
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const double share = domains_.shift(domain);
    const double distance =
        options_.separation * std::sqrt(static_cast<double>(options_.core_dimensions));
    const CueCells cells({distance, 0.0, false});
    Ceilings out = cells.ceilings({options_.label_noise}, {{options_.label_noise}});
    // A cause belongs to the features that the invariant predictor may use.
    out.invariant = out.bayes;
    // Training has no information on a cue that it never shows: the cue alone guesses there.
    if (!domains_.training_shows(share)) {
      const double seen = domains_.training_has_it() ? share : 1.0 - share;
      out.spurious_only.value = seen * out.spurious_only.value + (1.0 - seen) * 0.5;
      out.population_erm.reset();
    }
    const double positive =
        share * (1.0 - options_.label_noise) + (1.0 - share) * options_.label_noise;
    out.chance = std::max(positive, 1.0 - positive);
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const RandomKey key = rows_key(domain, split);
    const double share = domains_.shift(domain);
    const std::vector<double> cue_draw = uniforms(key.child("cue"), rows);
    const std::vector<double> coin = uniforms(key.child("cue_coin"), rows);
    const std::vector<double> label_noise = uniforms(key.child("label_noise"), rows);
    std::vector<int> y;
    std::vector<double> mean;
    std::vector<double> cue;
    for (std::size_t i = 0; i < cue_draw.size(); ++i) {
      double value = cue_draw[i] < share ? 1.0 : -1.0;
      if (intervention.acts_on(kCue)) {
        value = intervened_real(value, 0, coin[i] < share ? 1.0 : -1.0, intervention);
      }
      // The label follows its cause, and the core the label.
      const int sign = value > 0.0 ? 1 : -1;
      y.push_back(label_noise[i] < options_.label_noise ? -sign : sign);
      mean.push_back(options_.separation * y[i]);
      cue.push_back(value);
    }
    std::vector<float> core = rows_.core(key, rows, mean);
    if (intervention.acts_on(kCore)) rows_.turn(core, y, intervention);
    return rows_.sample(key, rows, core, y, cue);
  }

 private:
  static constexpr const char* kCue = "cue";
  static constexpr const char* kCore = "core";

  void describe() {
    info_.title = "Control: the cue is a cause";
    info_.citation = "spurion; a control";
    info_.mechanism = fmt::format(
        "cue = +1 with probability p, else -1\n"
        "y = cue, negated with probability {}; label = 1 if y = +1 else 0\n"
        "core_j = {} y + N(0, 1), j = 1..{}\n"
        "x = (core, {} cue, {} coordinates of N(0, 1))",
        options_.label_noise, options_.separation, options_.core_dimensions, options_.amplitude,
        options_.noise_dimensions);
    // What a cue that training never shows makes of a model is the model's own.
    if (ceilings(test_domain()).population_erm) info_.misleads_erm = false;
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {rows_.dimensions()};
    info_.cue = kCue;
    info_.causal = kCore;
    info_.graph = {{{kCue, Role::spurious, "a cue in name only: the cause of the label"},
                    {"label_noise", Role::noise, "1 with probability label_noise"},
                    {"label", Role::label, "the cue, negated by noise"},
                    {kCore, Role::causal, "an effect of y with one mechanism in all domains"},
                    {"core_noise", Role::noise, "standard normal"},
                    {"input", Role::observed, "core, cue, noise"}},
                   {{kCue, "label"},
                    {"label_noise", "label"},
                    {"label", kCore},
                    {"core_noise", kCore},
                    {kCore, "input"},
                    {kCue, "input"}}};
    info_.shift_axis.name = "p";
    info_.shift_axis.doc = "P(cue = +1)";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::set(kCue, -1.0), Intervention::set(kCue, 1.0)};
  }

  Options options_;
  CoreAndCue rows_;
};

}  // namespace

void register_control_causal_cue(Catalog& catalog);
void register_control_causal_cue(Catalog& catalog) {
  catalog.environments.add<ControlCausalCue>(
      "control_causal_cue", "Control: the cue causes the label, so a model should use it.",
      "a control");
}

}  // namespace spurion::environments
