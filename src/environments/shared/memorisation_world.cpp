#include "environments/shared/memorisation_world.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/exact_shares.hpp"

namespace spurion::environments {

namespace {

using environments::chosen_of_pair;
using environments::intervened;
using environments::StratifiedUniforms;
using environments::uniforms;
using Kind = Intervention::Kind;

constexpr const char* kAttribute = "attribute";
constexpr const char* kCore = "core";

double distance(std::int64_t dimensions, double deviation) {
  return std::sqrt(static_cast<double>(dimensions)) / deviation;
}

/// Columns of x, from `first` on.
struct Lanes {
  std::int64_t first;
  std::int64_t count;
};

/// N(mean of the row, deviation^2); without `means` they are zeros.
struct RowNormal {
  const float* means;
  double deviation;
};

/// Draws the lanes of these rows. Lane j is the same draw however many there are.
void write_normals(const RandomKey& key, RowRange rows, Lanes lanes, RowNormal law, Tensor& x) {
  constexpr std::int64_t kChunk = 64;  // rows whose draws stay in cache until they are written
  if (lanes.count == 0) return;
  const RandomStream stream(key);
  const auto scale = static_cast<float>(law.deviation);
  std::vector<float> drawn(static_cast<std::size_t>(kChunk * lanes.count));
  for (std::int64_t row = 0; row < rows.count; row += kChunk) {
    const std::int64_t count = std::min(kChunk, rows.count - row);
    stream.fill_normal(rows.first + row, count, lanes.count, drawn.data());
    for (std::int64_t i = 0; i < count; ++i) {
      const float* from = drawn.data() + i * lanes.count;
      float* to = x.data_ptr<float>() + (row + i) * x.size(1) + lanes.first;
      const float mean = law.means == nullptr ? 0.0F : law.means[row + i];
      for (std::int64_t j = 0; j < lanes.count; ++j) to[j] = mean + scale * from[j];
    }
  }
}

}  // namespace

MemorisationWorld::MemorisationWorld(MemorisationOptions options, const EnvironmentContext& context)
    : GenerativeEnvironment(context, ShiftDomains(options.name, options.minority.disagreement,
                                                  options.minority.test_disagreement)),
      options_(std::move(options)),
      readings_(distance(options_.core_dimensions, options_.core_deviation),
                distance(options_.cue_dimensions, options_.cue_deviation)) {
  const std::vector<double>& train = domains_.train_shifts();
  for (const double shift : train) mean_train_shift_ += shift / static_cast<double>(train.size());
  describe();
}

bool MemorisationWorld::supports(const Intervention& intervention) const {
  if (intervention.kind == Kind::none) return true;
  if (!intervention.acts_only_on(kAttribute)) return false;
  return intervention.kind != Kind::set || intervention.value == 1.0 || intervention.value == -1.0;
}

Ceilings MemorisationWorld::ceilings(const Domain& domain) const {
  const double shift = domains_.shift(domain);
  Ceilings out;
  out.bayes = readings_.accuracy(shift, shift);
  out.invariant = readings_.invariant();
  out.spurious_only = readings_.cue_only(shift, mean_train_shift_);
  out.population_erm = readings_.accuracy(shift, mean_train_shift_);
  out.chance = 0.5;
  return out;
}

Sample MemorisationWorld::generate(const Domain& domain, Split split, RowRange rows,
                                   const Intervention& intervention) const {
  const double share = domains_.shift(domain);
  const RandomKey key = rows_key(domain, split);
  const RandomStream label(key.child("label"));
  const StratifiedUniforms disagrees[] = {
      StratifiedUniforms(key.child("attribute_noise").child("0")),
      StratifiedUniforms(key.child("attribute_noise").child("1"))};
  const std::vector<double> coin = uniforms(key.child("attribute_coin"), rows);
  const std::int64_t core = options_.core_dimensions;
  const std::int64_t cue = options_.cue_dimensions;
  const std::int64_t noise = options_.noise_dimensions;

  Sample sample;
  sample.x = at::empty({rows.count, core + cue + noise}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  std::vector<float> side(coin.size());
  auto* y = sample.y.data_ptr<std::int64_t>();
  auto* attribute = sample.spurious.data_ptr<float>();
  auto* group = sample.group.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < coin.size(); ++i) {
    // One row of each label in two, and of each label a share e in the minority.
    const std::int64_t turn = rows.first + static_cast<std::int64_t>(i);
    const int sign = chosen_of_pair(label, turn, turn / 2) ? 1 : -1;
    const int natural = disagrees[sign > 0 ? 1 : 0](turn / 2) < share ? -sign : sign;
    const int shown = intervened(natural, sign, coin[i] < 0.5 ? 1 : -1, intervention);
    side[i] = static_cast<float>(sign);
    attribute[i] = static_cast<float>(shown);
    y[i] = sign > 0 ? 1 : 0;
    group[i] = 2 * y[i] + (shown == sign ? 1 : 0);
  }
  write_normals(key.child("core_noise"), rows, {0, core}, {side.data(), options_.core_deviation},
                sample.x);
  write_normals(key.child("cue_noise"), rows, {core, cue}, {attribute, options_.cue_deviation},
                sample.x);
  write_normals(key.child("noise"), rows, {core + cue, noise},
                {nullptr, options_.noise_deviation /
                              std::sqrt(static_cast<double>(std::max<std::int64_t>(noise, 1)))},
                sample.x);
  sample.causal = sample.x.narrow(1, 0, core).clone(at::MemoryFormat::Contiguous);
  return sample;
}

void MemorisationWorld::describe() {
  const std::int64_t noise = options_.noise_dimensions;
  info_.title = options_.title;
  info_.citation =
      "Sagawa, Raghunathan, Koh, Liang 2020, \"An Investigation of Why Overparameterization "
      "Exacerbates Spurious Correlations\", arXiv:2005.04345";
  info_.mechanism = fmt::format(
      "y = -1 or +1, half of the rows each; label = 1 if y = +1 else 0\n"
      "a = y, negated in a share e of the rows of each label\n"
      "core_j = y + {} N(0, 1), j = 1..{}\n"
      "cue_j = a + {} N(0, 1), j = 1..{}\n"
      "x = (core, cue{})",
      options_.core_deviation, options_.core_dimensions, options_.cue_deviation,
      options_.cue_dimensions,
      noise == 0 ? ""
                 : fmt::format(", {} coordinates of N(0, {}^2 / {})", noise,
                               options_.noise_deviation, noise));
  info_.deviations =
      "The source reports the worst group of a group-balanced test set: here worst_group_accuracy "
      "in the test domain.";
  info_.task = Task::binary;
  info_.groups = 4;
  info_.input_shape = {options_.core_dimensions + options_.cue_dimensions + noise};
  info_.cue = kAttribute;
  info_.causal = kCore;
  info_.graph = {{{"label", Role::label, "half of the rows each; y = -1 or +1"},
                  {"core_noise", Role::noise, "standard normal"},
                  {kCore, Role::causal, "y plus noise; invariant, not a cause"},
                  {"attribute_noise", Role::noise, "1 in a share e of the rows"},
                  {kAttribute, Role::spurious, "a: y, negated by noise"},
                  {"cue_noise", Role::noise, "standard normal"},
                  {"input", Role::observed, "core, a plus noise, noise alone"}},
                 {{"label", kCore},
                  {"core_noise", kCore},
                  {"label", kAttribute},
                  {"attribute_noise", kAttribute},
                  {kCore, "input"},
                  {kAttribute, "input"},
                  {"cue_noise", "input"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = "P(attribute disagrees with the label): the share of the minority groups";
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::align(kAttribute), Intervention::oppose(kAttribute)};
}

}  // namespace spurion::environments
