#include "environments/two_bit/two_bit.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using Kind = Intervention::Kind;

constexpr const char* kSecondBit = "x2";
constexpr const char* kFirstBit = "x1";

TwoBitExact population(const TwoBitOptions& options) {
  std::vector<TwoBitDomain> domains;
  for (const double beta : options.betas) domains.push_back({options.alpha, beta});
  return TwoBitExact(std::move(domains));
}

}  // namespace

const Schema<TwoBitOptions>& TwoBit::schema() {
  using O = Options;
  static const auto schema =
      Schema<O>()
          .field("alpha", &O::alpha, "P(x1 disagrees with the label), in every domain.",
                 between(0, 1))
          .field("betas", &O::betas, "P(x2 disagrees with the label) in each train domain.",
                 between(0, 1))
          .field("test_beta", &O::test_beta, "P(x2 disagrees with the label) in the test domain.",
                 between(0, 1))
          .preset("easy", {{"alpha", 0.05}, {"betas", Value::List{0.2, 0.4}}},
                  "x1 predicts better than x2")
          .preset("medium", {})
          .preset("hard", {{"alpha", 0.25}, {"betas", Value::List{0.05, 0.15}}},
                  "x2 predicts better than x1");
  return schema;
}

TwoBit::TwoBit(Options options, const EnvironmentContext& context)
    : GenerativeEnvironment(context, ShiftDomains("two_bit", options.betas, options.test_beta)),
      options_(std::move(options)),
      exact_(population(options_)) {
  describe();
}

void TwoBit::describe() {
  info_.title = "Two bits";
  info_.citation = "Kamath, Tangella, Sutherland, Srebro 2021, arXiv:2101.01134";
  info_.mechanism = fmt::format(
      "y = -1 or +1, evenly; label = 1 if y = +1 else 0\n"
      "x1 = y, negated with probability alpha = {}\n"
      "x2 = y, negated with probability beta",
      options_.alpha);
  info_.deviations =
      "The test domain is ours; the exact squared loss has no factor 1/2, so penalties are four "
      "times "
      "the source's.";
  info_.task = Task::binary;
  info_.outputs = 1;
  info_.groups = 4;
  info_.input_shape = {2};
  info_.cue = kSecondBit;
  info_.causal = kFirstBit;
  info_.graph = {
      {{"label", Role::label, "a fair coin"},
       {"first_noise", Role::noise, "1 with probability alpha"},
       {kFirstBit, Role::causal, "label as -1 or +1, negated by noise; invariant, not causal"},
       {"second_noise", Role::noise, "1 with probability beta"},
       {kSecondBit, Role::spurious, "label as -1 or +1, negated by noise"},
       {"input", Role::observed, "(x1, x2)"}},
      {{"label", kFirstBit},
       {"first_noise", kFirstBit},
       {"label", kSecondBit},
       {"second_noise", kSecondBit},
       {kFirstBit, "input"},
       {kSecondBit, "input"}}};
  info_.shift_axis.name = "beta";
  info_.shift_axis.doc = "P(x2 disagrees with the label)";
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::align(kSecondBit), Intervention::oppose(kSecondBit)};
}

bool TwoBit::supports(const Intervention& intervention) const {
  if (intervention.kind == Kind::none) return true;
  if (!intervention.acts_only_on(kSecondBit) && !intervention.acts_only_on(kFirstBit)) return false;
  return intervention.kind != Kind::set || intervention.value == 1.0 || intervention.value == -1.0;
}

Sample TwoBit::generate(const Domain& domain, Split split, RowRange rows,
                        const Intervention& intervention) const {
  const double shift = domains_.shift(domain);
  const RandomKey key = rows_key(domain, split);
  const auto uniforms = [&](const char* name) {
    std::vector<double> drawn(static_cast<std::size_t>(rows.count));
    RandomStream(key.child(name)).fill_uniform(rows.first, rows.count, 1, drawn.data());
    return drawn;
  };
  const std::vector<double> label = uniforms("label");
  const std::vector<double> first_noise = uniforms("first_noise");
  const std::vector<double> second_noise = uniforms("second_noise");
  const std::vector<double> coins = uniforms("coin");

  Sample sample;
  sample.x = at::empty({rows.count, 2}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  auto* x = sample.x.data_ptr<float>();
  auto* y = sample.y.data_ptr<std::int64_t>();
  auto* causal = sample.causal.data_ptr<float>();
  auto* spurious = sample.spurious.data_ptr<float>();
  auto* group = sample.group.data_ptr<std::int64_t>();

  for (std::int64_t i = 0; i < rows.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int side = label[at] < 0.5 ? 1 : -1;
    int first = first_noise[at] < options_.alpha ? -side : side;
    int second = second_noise[at] < shift ? -side : side;
    if (intervention.kind != Kind::none) {
      const int coin = coins[at] < 0.5 ? 1 : -1;
      int& bit = intervention.acts_on(kSecondBit) ? second : first;
      bit = intervened(bit, side, coin, intervention);
    }
    x[2 * i] = static_cast<float>(first);
    x[2 * i + 1] = static_cast<float>(second);
    y[i] = side > 0 ? 1 : 0;
    causal[i] = static_cast<float>(first);
    spurious[i] = static_cast<float>(second);
    group[i] = 2 * y[i] + (second == side ? 1 : 0);
  }
  return sample;
}

Ceilings TwoBit::ceilings(const Domain& domain) const {
  const TwoBitDomain here{options_.alpha, domains_.shift(domain)};
  double mean_beta = 0.0;
  for (const double beta : options_.betas) {
    mean_beta += beta / static_cast<double>(options_.betas.size());
  }
  const auto score = [&](const TwoBitLogits& f) {
    return Ceiling{TwoBitExact::accuracy(here, f), Exactness::enumerated, 0.0};
  };
  const double follow = 2.0 * environments::first_is_better(1.0 - mean_beta, mean_beta) - 1.0;
  Ceilings out;
  // The mean of y has the sign of the log-odds and stays finite.
  out.bayes = score(TwoBitExact::bayes(here, TwoBitLoss::squared));
  out.invariant = score(TwoBitExact::invariant(options_.alpha, TwoBitLoss::squared));
  out.spurious_only = score(TwoBitExact::odd(follow, -follow));
  if (exact_.shows(here)) out.population_erm = score(exact_.erm(TwoBitLoss::squared));
  out.chance = 0.5;
  return out;
}

std::optional<Theory> TwoBit::theory(const TheoryRequest& request,
                                     const std::vector<Domain>& domains) const {
  constexpr std::int64_t kMostSteps = 10'000'000;
  if (request.fit.kind != KnownFit::Kind::gradient_descent ||
      request.form != TheoryRequest::Form::affine || request.steps > kMostSteps) {
    return {};
  }
  const auto rows = static_cast<double>(request.rows);
  const auto off = [](double share, double count) {
    return 2.0 * std::sqrt(share * (1.0 - share) / count);
  };
  // The shares of the training rows, `first` and `second` times two standard errors away.
  const auto trained = [&](double first, double second) {
    const auto count = static_cast<double>(options_.betas.size());
    std::vector<TwoBitDomain> shares;
    for (const double beta : options_.betas) {
      shares.push_back(
          {std::clamp(options_.alpha + first * off(options_.alpha, rows * count), 0.0, 1.0),
           std::clamp(beta + second * off(beta, rows) / std::sqrt(count), 0.0, 1.0)});
    }
    return TwoBitExact(std::move(shares))
        .descended({request.steps, request.learning_rate, request.fit.l2});
  };
  const TwoBitLogits population = trained(0.0, 0.0);
  std::vector<TwoBitLogits> near;
  for (const double first : {-1.0, 1.0}) {
    for (const double second : {-1.0, 1.0}) near.push_back(trained(first, second));
  }
  Theory out;
  out.same_for_all_seeds = true;
  for (const Domain& domain : domains) {
    const TwoBitDomain here{options_.alpha, domains_.shift(domain)};
    TheoryNumber score{TwoBitExact::accuracy(here, population), 0.0};
    for (const TwoBitLogits& other : near) {
      score.error =
          std::max(score.error, std::abs(TwoBitExact::accuracy(here, other) - score.value));
    }
    out.scores.push_back(score);
  }
  return out;
}

void register_two_bit(Catalog& catalog);
void register_two_bit(Catalog& catalog) {
  catalog.environments.add<TwoBit>(
      "two_bit", "Two noisy copies of the label; everything about the population is exact.",
      "Kamath et al. 2021, arXiv:2101.01134");
}

}  // namespace spurion::environments
