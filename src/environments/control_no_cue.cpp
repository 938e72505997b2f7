#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/gaussian_core_cue.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using environments::uniforms;
using Kind = Intervention::Kind;

struct ControlNoCueOptions : CoreAndCueOptions {
  std::vector<double> train_shares = {0.4, 0.6};
  double test_share = 0.9;
  double separation = 0.6;
};

/// Control: what is called the cue is noise. Its distribution shifts, and that must not matter. See
/// datasets/control_no_cue.md.
class ControlNoCue final : public GenerativeEnvironment {
 public:
  using Options = ControlNoCueOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CoreAndCueOptions::schema())
            .field("train_shares", &Options::train_shares,
                   "P(cue = +1) in each train domain, independent of the label.", between(0, 1))
            .field("test_share", &Options::test_share, "P(cue = +1) in the test domain.",
                   between(0, 1))
            .field("separation", &Options::separation,
                   "Half the distance between the labels in each coordinate of the core, in "
                   "standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .preset("easy", {{"core_dimensions", 20}}, "the core is easily read")
            .preset("medium", {})
            .preset("hard", {{"separation", 0.4}});
    return schema;
  }

  ControlNoCue(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(context, ShiftDomains("control_no_cue", options.train_shares,
                                                    options.test_share, 0.0, 1.0)),
        options_(std::move(options)),
        rows_(options_) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    if (intervention.acts_only_on(kCue)) {
      return intervention.kind != Kind::set || std::abs(intervention.value) == 1.0;
    }
    return intervention.acts_only_on(kCore) && intervention.kind != Kind::set &&
           intervention.kind != Kind::resample;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const double distance =
        options_.separation * std::sqrt(static_cast<double>(options_.core_dimensions));
    const Ceiling core{environments::normal_cdf(distance), Exactness::closed_form, 0.0};
    const Ceiling nothing{0.5, Exactness::closed_form, 0.0};
    Ceilings out{core, core, nothing, 0.5, {}};
    if (domains_.training_shows(domains_.shift(domain))) out.population_erm = core;
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const RandomKey key = rows_key(domain, split);
    const double share = domains_.shift(domain);
    const std::vector<double> label = uniforms(key.child("label"), rows);
    const std::vector<double> cue_draw = uniforms(key.child("cue"), rows);
    const std::vector<double> coin = uniforms(key.child("cue_coin"), rows);
    std::vector<int> y;
    std::vector<double> mean;
    std::vector<double> cue;
    for (std::size_t i = 0; i < label.size(); ++i) {
      y.push_back(label[i] < 0.5 ? 1 : -1);
      mean.push_back(options_.separation * y[i]);
      int value = cue_draw[i] < share ? 1 : -1;
      if (intervention.acts_on(kCue)) {
        value = intervened(value, y[i], coin[i] < share ? 1 : -1, intervention);
      }
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
    info_.title = "Control: the cue is noise";
    info_.citation = "spurion; a control";
    info_.mechanism = fmt::format(
        "y = -1 or +1, evenly; label = 1 if y = +1 else 0\n"
        "core_j = {} y + N(0, 1), j = 1..{}\n"
        "cue = +1 with probability p, else -1, whatever y is\n"
        "x = (core, {} cue, {} coordinates of N(0, 1))",
        options_.separation, options_.core_dimensions, options_.amplitude,
        options_.noise_dimensions);
    // What a cue that training never shows makes of a model is the model's own.
    if (ceilings(test_domain()).population_erm) info_.misleads_erm = false;
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {rows_.dimensions()};
    info_.cue = kCue;
    info_.causal = kCore;
    info_.graph = {{{"label", Role::label, "a fair coin; y = -1 or +1"},
                    {kCore, Role::causal, "an effect of y with one mechanism in all domains"},
                    {"core_noise", Role::noise, "standard normal"},
                    {kCue, Role::spurious, "a cue in name only: independent of the label"},
                    {"input", Role::observed, "core, cue, noise"}},
                   {{"label", kCore}, {"core_noise", kCore}, {kCore, "input"}, {kCue, "input"}}};
    info_.shift_axis.name = "p";
    info_.shift_axis.doc = "P(cue = +1), for either label";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::set(kCue, -1.0), Intervention::set(kCue, 1.0)};
  }

  Options options_;
  CoreAndCue rows_;
};

}  // namespace

void register_control_no_cue(Catalog& catalog);
void register_control_no_cue(Catalog& catalog) {
  catalog.environments.add<ControlNoCue>(
      "control_no_cue", "Control: the cue is noise, so its shift must not matter.", "a control");
}

}  // namespace spurion::environments
