#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/token_sequences.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using Kind = Intervention::Kind;

struct LatentRuleOptions {
  std::int64_t symbols = 4;
  std::int64_t transitions = 4;
  double noise = 0.5;
  std::vector<double> train_shifts = {0.01, 0.05};
  double test_shift = 0.9;
};

/// The population: what the steps of a walk and the cue say of the latent, and how often the next
/// token is then guessed. Steps other than +1 and -1 carry no information, so the number of +1
/// minus that of -1 is sufficient.
class LatentRulePopulation {
 public:
  explicit LatentRulePopulation(const LatentRuleOptions& options)
      : right_(1.0 - options.noise + options.noise / static_cast<double>(options.symbols)),
        wrong_(options.noise / static_cast<double>(options.symbols)),
        weight_(std::log(right_ / wrong_)) {
    lead_[0] = 1.0;
    for (std::int64_t step = 0; step < options.transitions; ++step) {
      std::map<std::int64_t, double> longer;
      for (const auto& [lead, probability] : lead_) {
        longer[lead + 1] += probability * right_;
        longer[lead - 1] += probability * wrong_;
        longer[lead] += probability * (1.0 - right_ - wrong_);
      }
      lead_ = std::move(longer);
    }
  }

  /// Accuracy, where the cue disagrees with probability `shift`, of the prediction that adds
  /// `log_odds` of the cue to those of the steps; without the steps where `reads_steps` is false.
  [[nodiscard]] double accuracy(double shift, double log_odds, bool reads_steps) const {
    double sum = 0.0;
    for (const auto& [lead, probability] : lead_) {
      const double steps = reads_steps ? weight_ * static_cast<double>(lead) : 0.0;
      if (shift < 1.0) sum += probability * (1.0 - shift) * hit(steps + log_odds);
      if (shift > 0.0) sum += probability * shift * hit(steps - log_odds);
    }
    return sum;
  }

 private:
  /// Accuracy where the latent has these log-odds of being what it is; ties guess.
  [[nodiscard]] double hit(double log_odds) const {
    const double share = environments::first_is_better(log_odds);
    return share * right_ + (1.0 - share) * wrong_;
  }

  double right_;   // P(a step is the rule's)
  double wrong_;   // P(it is any one other)
  double weight_;  // log-odds of one step
  std::map<std::int64_t, double> lead_;
};

/// A next-token environment: a latent decides which way a walk on a ring of symbols steps, and a
/// cue token in front tells of the latent. See datasets/latent_rule.md.
class LatentRule final : public GenerativeEnvironment {
 public:
  using Options = LatentRuleOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("symbols", &O::symbols,
                   "Number of symbols on the ring, besides the two cue tokens.", between(3, 256))
            .field("transitions", &O::transitions,
                   "Number of observed steps before the step to predict.", between(0, 512))
            .field("noise", &O::noise, "P(a step goes to a uniformly random symbol).",
                   between(0.001, 0.999))
            .field("train_shifts", &O::train_shifts,
                   "P(cue disagrees with the latent) in each train domain.", between(0, 1))
            .field("test_shift", &O::test_shift,
                   "P(cue disagrees with the latent) in the test domain.", between(0, 1))
            .preset("easy", {{"transitions", 12}, {"train_shifts", Value::List{0.2, 0.3}}})
            .preset("medium", {})
            .preset("hard",
                    {{"symbols", 6}, {"noise", 0.6}, {"train_shifts", Value::List{0.0, 0.02}}});
    return schema;
  }

  LatentRule(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context, ShiftDomains(kName, options.train_shifts, options.test_shift, 0.0, 1.0)),
        options_(std::move(options)),
        population_(options_) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    if (intervention.kind == Kind::set && std::abs(intervention.value) != 1.0) return false;
    if (intervention.acts_only_on(kCue)) return true;
    // The label follows from the latent, so there is nothing yet for that to agree with.
    return intervention.acts_only_on(kLatent) && intervention.kind != Kind::align &&
           intervention.kind != Kind::oppose;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const double shift = at(domain.shift).shift;
    const auto log_odds = [](double e) { return std::log(1.0 - e) - std::log(e); };
    const double in_training = log_odds(environments::mean(options_.train_shifts));
    const auto score = [&](double cue, bool reads_steps) {
      return Ceiling{population_.accuracy(shift, cue, reads_steps), Exactness::enumerated, 0.0};
    };
    Ceilings out;
    out.bayes = score(log_odds(shift), true);
    out.invariant = score(0.0, true);
    out.spurious_only = score(in_training, false);
    out.population_erm = score(in_training, true);
    out.chance = 1.0 / static_cast<double>(options_.symbols);
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const double shift = at(domain.shift).shift;
    const RandomKey key = rows_key(domain, split);
    const RandomStream latents(key.child("latent"));
    const RandomStream cues(key.child("cue"));
    const RandomStream noise(key.child("noise"));
    const RandomStream strays(key.child("stray"));
    environments::TokenSample out(rows.count, options_.transitions + 2, options_.symbols + 2);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const std::int64_t row = rows.first + i;
      int latent = latents.uniform(row, 0) < 0.5 ? 1 : -1;
      if (intervention.acts_on(kLatent)) {
        latent = intervened(latent, 0, latents.uniform(row, 1) < 0.5 ? 1 : -1, intervention);
      }
      int cue = cues.uniform(row, 0) < shift ? -latent : latent;
      if (intervention.acts_on(kCue)) {
        cue = intervened(cue, latent, cues.uniform(row, 1) < 0.5 ? 1 : -1, intervention);
      }
      out.token(i, 0, options_.symbols + (cue > 0 ? 1 : 0));
      std::int64_t symbol = strays.below(options_.symbols, row, 0);
      for (std::int64_t step = 1; step <= options_.transitions + 1; ++step) {
        out.token(i, step, symbol);
        const std::int64_t next = (symbol + options_.symbols + latent) % options_.symbols;
        const std::int64_t stray = strays.below(options_.symbols, row, step);
        symbol = noise.uniform(row, step) < options_.noise ? stray : next;
      }
      out.facts(i, symbol, latent, cue, 2 * (latent > 0 ? 1 : 0) + (cue == latent ? 1 : 0));
    }
    return out.take();
  }

 private:
  static constexpr const char* kName = "latent_rule";
  static constexpr const char* kLatent = "latent";
  static constexpr const char* kCue = "cue";

  void describe() {
    info_.title = "A next-token world with a latent rule";
    info_.citation =
        "spurion; the latent and its explaining context after Xie et al. 2022, \"An Explanation "
        "of In-context Learning as Implicit Bayesian Inference\", arXiv:2111.02080";
    info_.mechanism = fmt::format(
        "latent z = -1 or +1, evenly; cue = z, negated with probability e\n"
        "s_1 uniform on a ring of {} symbols; s_(t+1) = s_t + z, or with probability {} uniform\n"
        "x = one-hot tokens (cue, s_1, ..., s_{}); label = s_{}",
        options_.symbols, options_.noise, options_.transitions + 1, options_.transitions + 2);
    info_.deviations =
        "Two rules and a ring instead of the paper's mixture of hidden Markov models; the cue is "
        "ours.";
    info_.task = Task::multiclass;
    info_.outputs = options_.symbols;
    info_.groups = 4;
    info_.input_shape = {options_.transitions + 2, options_.symbols + 2};
    info_.cue = kCue;
    info_.causal = kLatent;
    info_.graph = {{{kLatent, Role::causal, "which way the walk steps: a fair coin, never shown"},
                    {kCue, Role::spurious, "the latent, negated with probability e"},
                    {"step_noise", Role::noise, "which steps go astray, and where to"},
                    {"walk", Role::observed, "the symbols that are seen"},
                    {"label", Role::label, "the next symbol"},
                    {"sequence", Role::observed, "one-hot tokens: cue, walk"}},
                   {{kLatent, kCue},
                    {kLatent, "walk"},
                    {"step_noise", "walk"},
                    {kLatent, "label"},
                    {"walk", "label"},
                    {"step_noise", "label"},
                    {kCue, "sequence"},
                    {"walk", "sequence"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "P(cue disagrees with the latent)";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::align(kCue), Intervention::oppose(kCue)};
  }

  Options options_;
  LatentRulePopulation population_;
};

}  // namespace

void register_latent_rule(Catalog& catalog);
void register_latent_rule(Catalog& catalog) {
  catalog.environments.add<LatentRule>(
      "latent_rule",
      "Predict the next token of a walk with a latent rule; a cue indicates the rule in training.",
      "after Xie et al. 2022, arXiv:2111.02080");
}

}  // namespace spurion::environments
