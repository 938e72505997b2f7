#include "environments/shared/boolean_world.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"

namespace spurion::environments {

namespace {

/// Writes `count` fair bits, 64 of them from one draw.
void write_fair_bits(const RandomStream& stream, std::int64_t row, std::int64_t count, float* out) {
  std::uint64_t word = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i % 64 == 0) word = stream.bits(row, i / 64);
    out[i] = (word & 1U) != 0 ? 1.0F : -1.0F;
    word >>= 1U;
  }
}

}  // namespace

BooleanShiftOptions::BooleanShiftOptions() = default;

const Schema<BooleanShiftOptions>& BooleanShiftOptions::schema() {
  using O = BooleanShiftOptions;
  static const auto schema =
      Schema<O>()
          .field("train_shifts", &O::train_shifts,
                 "P(cue disagrees with the label) in each train domain.", between(0, 1))
          .field("test_shift", &O::test_shift,
                 "P(cue disagrees with the label) in the test domain.", between(0, 1))
          .field("label_noise", &O::label_noise,
                 "P(the label disagrees with its cause), in every domain.", between(0, 0.5));
  return schema;
}

BooleanWorld::BooleanWorld(BooleanWorldFacts facts, const BooleanShiftOptions& options,
                           const EnvironmentContext& context)
    : GenerativeEnvironment(context,
                            ShiftDomains(facts.name, options.train_shifts, options.test_shift)),
      facts_(std::move(facts)),
      label_noise_(options.label_noise) {
  describe();
}

std::int64_t BooleanWorld::dimensions() const {
  return facts_.core.degree() + facts_.spurious.degree() + facts_.noise_dimensions;
}

double BooleanWorld::positive_share() const {
  const double share = facts_.core.positive_share();
  return facts_.core_sign > 0 ? share : 1.0 - share;
}

bool BooleanWorld::supports(const Intervention& intervention) const {
  using Kind = Intervention::Kind;
  if (intervention.kind == Kind::none) return true;
  if (intervention.kind == Kind::set && std::abs(intervention.value) != 1.0) return false;
  if (intervention.acts_only_on(facts_.cue)) return true;
  // The label follows from its cause, so there is nothing yet for the cause to agree with.
  return intervention.acts_only_on(facts_.causal) && intervention.kind != Kind::align &&
         intervention.kind != Kind::oppose;
}

Ceilings BooleanWorld::ceilings(const Domain& domain) const {
  return rule_and_cue_ceilings({positive_share(), label_noise_}, domains_.shift(domain),
                               domains_.train_shifts());
}

Sample BooleanWorld::generate(const Domain& domain, Split split, RowRange rows,
                              const Intervention& intervention) const {
  const double shift = domains_.shift(domain);
  const RandomKey key = rows_key(domain, split);
  const RandomStream causes(key.child("cause"));
  const RandomStream core_bits(key.child("core_bits"));
  const RandomStream cues(key.child("cue"));
  const RandomStream cue_bits(key.child("cue_bits"));
  const RandomStream noise(key.child("noise"));
  const std::int64_t width = dimensions();
  const std::int64_t core = facts_.core.degree();
  const std::int64_t spurious = facts_.spurious.degree();

  Sample sample;
  sample.x = at::empty({rows.count, width}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t row = rows.first + i;
    int cause = causes.bernoulli(positive_share(), row, 0) ? 1 : -1;
    if (intervention.acts_on(facts_.causal)) {
      const int coin = causes.bernoulli(positive_share(), row, 1) ? 1 : -1;
      cause = intervened(cause, 0, coin, intervention);
    }
    const int y = causes.bernoulli(label_noise_, row, 2) ? -cause : cause;
    int cue = cues.bernoulli(shift, row, 0) ? -y : y;
    if (intervention.acts_on(facts_.cue)) {
      const int coin = cues.bernoulli(facts_.spurious.positive_share(), row, 1) ? 1 : -1;
      cue = intervened(cue, y, coin, intervention);
    }
    float* x = sample.x.data_ptr<float>() + i * width;
    facts_.core.place(facts_.core_sign * cause, core_bits, row, x);
    facts_.spurious.place(cue, cue_bits, row, x + core);
    write_fair_bits(noise, row, facts_.noise_dimensions, x + core + spurious);
    const std::int64_t label = y > 0 ? 1 : 0;
    sample.y.data_ptr<std::int64_t>()[i] = label;
    sample.causal.data_ptr<float>()[i] = static_cast<float>(cause);
    sample.spurious.data_ptr<float>()[i] = static_cast<float>(cue);
    sample.group.data_ptr<std::int64_t>()[i] = 2 * label + (cue == y ? 1 : 0);
  }
  return sample;
}

void BooleanWorld::describe() {
  const auto constant_of = [](const BooleanFunction& function) {
    return function.positive_share() == 0.5
               ? std::string("evenly")
               : fmt::format("+1 with probability {:.6g}", function.positive_share());
  };
  info_.task = Task::binary;
  info_.groups = 4;
  info_.input_shape = {dimensions()};
  info_.cue = facts_.cue;
  info_.causal = facts_.causal;
  info_.misleads_erm = claim_to_mislead(ceilings(test_domain()));
  info_.graph = {
      {{facts_.causal, Role::causal,
        fmt::format("-1 or +1, {}; the bits x_c are uniform given it", constant_of(facts_.core))},
       {"label_noise", Role::noise, "1 with probability label_noise"},
       {"label", Role::label, facts_.causal + ", negated by noise; y = -1 or +1"},
       {facts_.cue, Role::spurious,
        facts_.spurious.degree() == 1 ? "y, negated with probability e"
                                      : "y, negated with probability e; the bits x_s are uniform "
                                        "given it"},
       {"noise", Role::noise, "fair bits; and which bits x_c and x_s are, given their functions"},
       {"input", Role::observed, "x_c, x_s, noise"}},
      {{facts_.causal, "label"},
       {"label_noise", "label"},
       {"label", facts_.cue},
       {facts_.causal, "input"},
       {facts_.cue, "input"},
       {"noise", "input"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = fmt::format("P({} disagrees with the label)", facts_.cue);
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::align(facts_.cue), Intervention::oppose(facts_.cue)};
}

}  // namespace spurion::environments
