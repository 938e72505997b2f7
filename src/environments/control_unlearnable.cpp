#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/generative_environment.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using environments::normals;
using environments::uniforms;
using Kind = Intervention::Kind;

struct ControlUnlearnableOptions {
  std::int64_t bits = 24;
  std::vector<double> train_disagreement = {0.05, 0.15};
  double test_disagreement = 0.9;
  double amplitude = 2.0;
  std::int64_t noise_dimensions = 0;
};

/// Control: the causal feature decides the label, and no model of the sizes at hand finds it: the
/// parity of many bits. What is lost to the cue must be told from what could not be learned. See
/// datasets/control_unlearnable.md.
class ControlUnlearnable final : public GenerativeEnvironment {
 public:
  using Options = ControlUnlearnableOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("bits", &Options::bits, "Number of bits. The label is their parity.",
                   between(2, 60))
            .field("train_disagreement", &Options::train_disagreement,
                   "P(cue disagrees with the label) in each train domain.", between(0, 1))
            .field("test_disagreement", &Options::test_disagreement,
                   "P(cue disagrees with the label) in the test domain.", between(0, 1))
            .field("amplitude", &Options::amplitude, "Scale of the cue in x.", positive(),
                   log_uniform(0.5, 8.0))
            .field("noise_dimensions", &Options::noise_dimensions,
                   "Number of further coordinates of pure noise.", between(0, 100000))
            .preset("easy", {{"bits", 2}}, "the exclusive or, which can be learned")
            .preset("medium", {})
            .preset("hard", {{"bits", 60}});
    return schema;
  }

  ControlUnlearnable(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(context,
                              ShiftDomains("control_unlearnable", options.train_disagreement,
                                           options.test_disagreement, 0.0, 1.0)),
        options_(std::move(options)) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    if (intervention.acts_only_on(kParity)) return intervention.kind == Kind::flip;
    return intervention.acts_only_on(kCue) &&
           (intervention.kind != Kind::set || std::abs(intervention.value) == 1.0);
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    double in_training = 0.0;
    for (const double one : options_.train_disagreement) {
      in_training += one / static_cast<double>(options_.train_disagreement.size());
    }
    const double here = domains_.shift(domain);
    const Ceiling all{1.0, Exactness::closed_form, 0.0};
    const double follow = environments::first_is_better(1.0 - in_training, in_training);
    const Ceiling cue{follow * (1.0 - here) + (1.0 - follow) * here, Exactness::closed_form, 0.0};
    Ceilings out{all, all, cue, 0.5, {}};
    // A parity beside a cue that training never shows with it has no answer from there.
    if (domains_.training_shows(here)) out.population_erm = all;
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const RandomKey key = rows_key(domain, split);
    const double disagreement = domains_.shift(domain);
    const RandomStream bits(key.child("bits"));
    const std::vector<double> cue_noise = uniforms(key.child("cue_noise"), rows);
    const std::vector<double> coin = uniforms(key.child("cue_coin"), rows);
    const std::vector<float> noise = normals(key.child("noise"), rows, options_.noise_dimensions);
    const std::int64_t width = info_.input_shape.front();

    Sample sample;
    sample.x = at::empty({rows.count, width}, at::kFloat);
    sample.y = at::empty({rows.count}, at::kLong);
    sample.causal = at::empty({rows.count, 1}, at::kFloat);
    sample.spurious = at::empty({rows.count, 1}, at::kFloat);
    sample.group = at::empty({rows.count}, at::kLong);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      float* x = sample.x.data_ptr<float>() + i * width;
      const std::uint64_t word = bits.bits(rows.first + i);
      int parity = 1;
      for (std::int64_t bit = 0; bit < options_.bits; ++bit) {
        int value = ((word >> static_cast<unsigned>(bit)) & 1U) != 0 ? 1 : -1;
        // The other parity with the fewest changes: one bit is negated, and what follows follows.
        if (bit == 0 && intervention.acts_on(kParity)) value = -value;
        parity *= value;
        x[bit] = static_cast<float>(value);
      }
      int cue = cue_noise[at] < disagreement ? -parity : parity;
      if (intervention.acts_on(kCue)) {
        cue = intervened(cue, parity, coin[at] < 0.5 ? 1 : -1, intervention);
      }
      x[options_.bits] = static_cast<float>(options_.amplitude * cue);
      for (std::int64_t j = 0; j < options_.noise_dimensions; ++j) {
        x[options_.bits + 1 + j] =
            noise[static_cast<std::size_t>(i * options_.noise_dimensions + j)];
      }
      const std::int64_t label = parity > 0 ? 1 : 0;
      sample.y.data_ptr<std::int64_t>()[i] = label;
      sample.causal.data_ptr<float>()[i] = static_cast<float>(parity);
      sample.spurious.data_ptr<float>()[i] = static_cast<float>(cue);
      sample.group.data_ptr<std::int64_t>()[i] = 2 * label + (cue == parity ? 1 : 0);
    }
    return sample;
  }

 private:
  static constexpr const char* kCue = "cue";
  static constexpr const char* kParity = "parity";

  void describe() {
    info_.title = "Control: the causal feature cannot be learned";
    info_.citation =
        "spurion; a control. That parities are hard to learn: Shalev-Shwartz, Shamir, Shammah "
        "2017, \"Failures of Gradient-Based Deep Learning\", arXiv:1703.07950";
    info_.mechanism = fmt::format(
        "b_1 .. b_{0} = -1 or +1, evenly\n"
        "y = b_1 b_2 ... b_{0}; label = 1 if y = +1 else 0\n"
        "cue = y, negated with probability e\n"
        "x = (b, {1} cue, {2} coordinates of N(0, 1))",
        options_.bits, options_.amplitude, options_.noise_dimensions);
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {options_.bits + 1 + options_.noise_dimensions};
    info_.cue = kCue;
    info_.causal = kParity;
    info_.graph = {{{kParity, Role::causal, "the product of the bits, each -1 or +1"},
                    {"label", Role::label, "1 where the parity is +1"},
                    {kCue, Role::spurious, "y, negated with probability e"},
                    {"cue_noise", Role::noise, "1 with probability e"},
                    {"input", Role::observed, "bits, cue, noise"}},
                   {{kParity, "label"},
                    {"label", kCue},
                    {"cue_noise", kCue},
                    {kParity, "input"},
                    {kCue, "input"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "P(cue disagrees with the label)";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::align(kCue), Intervention::oppose(kCue)};
  }

  Options options_;
};

}  // namespace

void register_control_unlearnable(Catalog& catalog);
void register_control_unlearnable(Catalog& catalog) {
  catalog.environments.add<ControlUnlearnable>(
      "control_unlearnable", "Control: the label is a parity that no model here can learn.",
      "a control");
}

}  // namespace spurion::environments
