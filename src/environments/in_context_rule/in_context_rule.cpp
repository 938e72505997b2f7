#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "environments/in_context_rule/symbol_rules.hpp"
#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/token_sequences.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using Kind = Intervention::Kind;

struct InContextRuleOptions {
  std::int64_t symbols = 8;
  std::int64_t context = 12;
  std::int64_t rules = 4;
  double core_noise = 0.25;
  std::vector<double> train_shifts = {0.0};
  double test_shift = 1.0;
};

/// Sequences of labelled symbols and a query: what a symbol means is drawn for each sequence, from
/// few or many rules, and the context shows it. See datasets/in_context_rule.md.
class InContextRule final : public GenerativeEnvironment {
 public:
  using Options = InContextRuleOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("symbols", &O::symbols, "Number of symbols. Must be even.",
                   between(2, static_cast<double>(SymbolRules::kMaxSymbols)))
            .field("context", &O::context, "Number of labelled symbols before the query.",
                   between(0, 256))
            .field("rules", &O::rules,
                   "Number of rules in training: at most half of the balanced tables of the "
                   "symbols, so that no rule is the opposite of another.",
                   between(1, 126), log_uniform_integer(1, 32))
            .field("core_noise", &O::core_noise, "P(the core token differs from the label).",
                   between(0, 0.5))
            .field("train_shifts", &O::train_shifts,
                   "P(the rule of a sequence is replaced by its opposite) in each train domain.",
                   between(0, 1))
            .field("test_shift", &O::test_shift,
                   "P(the rule of a sequence is replaced by its opposite) in the test domain.",
                   between(0, 1))
            .preset("easy", {{"symbols", 4}, {"rules", 3}}, "few symbols, each seen often")
            .preset("medium", {})
            .preset("hard", {{"rules", 1}}, "training never needs the context");
    return schema;
  }

  InContextRule(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context, ShiftDomains(kName, options.train_shifts, options.test_shift, 0.0, 1.0)),
        options_(checked(std::move(options))),
        rules_(options_.symbols, key_.child("rules")) {
    const auto most = static_cast<std::int64_t>(rules_.pool().size());
    if (options_.rules > most) {
      throw UsageError(fmt::format("'rules' of {} can be at most {} with {} symbols; got {}", kName,
                                   most, options_.symbols, options_.rules));
    }
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    return (intervention.acts_only_on(kRelation) || intervention.acts_only_on(kCore)) &&
           (intervention.kind != Kind::set || std::abs(intervention.value) == 1.0);
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const auto here = rules_.prior(options_.rules, at(domain.shift).shift);
    const auto in_training =
        rules_.prior(options_.rules, environments::mean(options_.train_shifts));
    const SymbolRules::Reads all{options_.context, options_.core_noise};
    const auto exact = [](std::optional<double> value) {
      return Ceiling{value.value(), Exactness::enumerated, 0.0};
    };
    Ceilings out;
    out.bayes = exact(rules_.accuracy(here, here, all));
    out.invariant = exact(rules_.accuracy(here, rules_.every_rule(), all));
    out.spurious_only = exact(rules_.accuracy(here, in_training, {0, 0.5}));
    out.chance = 0.5;
    if (const auto erm = rules_.accuracy(here, in_training, all)) {
      out.population_erm = Ceiling{*erm, Exactness::enumerated, 0.0};
    }
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const double shift = at(domain.shift).shift;
    const RandomKey key = rows_key(domain, split);
    const RandomStream choices(key.child("rule"));
    const RandomStream labels(key.child("label"));
    const RandomStream picks(key.child("symbol"));
    const RandomStream cores(key.child("core"));
    const std::int64_t symbols = options_.symbols;
    environments::TokenSample out(rows.count, options_.context + 2, 3 * symbols + 2);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const std::int64_t row = rows.first + i;
      int relation = choices.uniform(row, 0) < shift ? -1 : 1;
      if (intervention.acts_on(kRelation)) {
        // It has no label to agree with: aligned is as in training, opposed the opposite.
        relation = intervened(relation, 1, choices.uniform(row, 2) < 0.5 ? 1 : -1, intervention);
      }
      const auto base =
          rules_.pool()[static_cast<std::size_t>(choices.below(options_.rules, row, 1))];
      const auto rule = relation > 0 ? base : rules_.opposite(base);
      const auto item = [&](std::int64_t index) {
        const int label = labels.uniform(row, index) < 0.5 ? 1 : -1;
        const std::int64_t place = picks.below(symbols / 2, row, index);
        return std::pair(label, rules_.symbol(rule, label, place));
      };
      for (std::int64_t index = 0; index < options_.context; ++index) {
        const auto [label, symbol] = item(index + 1);
        out.token(i, index, symbol + (label > 0 ? symbols : 0));
      }
      const auto [y, query] = item(0);
      int core = cores.uniform(row, 0) < options_.core_noise ? -y : y;
      if (intervention.acts_on(kCore)) {
        core = intervened(core, y, cores.uniform(row, 1) < 0.5 ? 1 : -1, intervention);
      }
      out.token(i, options_.context, 3 * symbols + (core > 0 ? 1 : 0));
      out.token(i, options_.context + 1, 2 * symbols + query);
      const std::int64_t label = y > 0 ? 1 : 0;
      out.facts(i, label, core, relation, 2 * label + (relation > 0 ? 1 : 0));
    }
    return out.take();
  }

 private:
  static constexpr const char* kName = "in_context_rule";
  static constexpr const char* kRelation = "relation";
  static constexpr const char* kCore = "core";

  static Options checked(Options options) {
    if (options.symbols % 2 != 0) {
      throw UsageError(fmt::format("'symbols' of {} must be even, got {}", kName, options.symbols));
    }
    return options;
  }

  void describe() {
    info_.title = "A rule drawn for each sequence, shown in its context";
    info_.citation =
        "spurion; diversity of tasks after Raventos et al. 2023, arXiv:2306.15063; in-weights "
        "against in-context learning after Chan et al. 2022, arXiv:2205.05055";
    info_.mechanism = fmt::format(
        "f = one of {} rules, evenly: each labels half of {} symbols -1, half +1\n"
        "relation = +1, or -1 with probability e; g = relation * f\n"
        "{} items and a query: label -1 or +1, evenly; symbol uniform among those g gives it\n"
        "core = label of the query, negated with probability {}\n"
        "x = one-hot tokens (items with their labels, core, symbol of the query); label = 1 if the "
        "query's is +1 else 0",
        options_.rules, options_.symbols, options_.context, options_.core_noise);
    info_.deviations =
        "Tables instead of the papers' regressions and images; a labelled symbol is one token; the "
        "core and the shift are ours.";
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {options_.context + 2, 3 * options_.symbols + 2};
    info_.cue = kRelation;
    info_.causal = kCore;
    info_.graph = {
        {{"label", Role::label, "of the query: a fair coin"},
         {kCore, Role::causal, "the label, negated by noise; invariant, not a cause"},
         {"core_noise", Role::noise, "1 with probability core_noise"},
         {"rule", Role::hidden, "what each symbol means in training: one of `rules` tables"},
         {kRelation, Role::spurious, "+1: symbols mean that; -1, with probability e: the opposite"},
         {"items", Role::noise, "labels of the context, and which symbols show them"},
         {"sequence", Role::observed, "one-hot tokens: labelled symbols, core, query"}},
        {{"label", kCore},
         {"core_noise", kCore},
         {"label", "sequence"},
         {kCore, "sequence"},
         {"rule", "sequence"},
         {kRelation, "sequence"},
         {"items", "sequence"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "P(symbols mean the opposite of what they do in training)";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::align(kRelation), Intervention::oppose(kRelation)};
  }

  Options options_;
  SymbolRules rules_;
};

}  // namespace

void register_in_context_rule(Catalog& catalog);
void register_in_context_rule(Catalog& catalog) {
  catalog.environments.add<InContextRule>(
      "in_context_rule",
      "Labelled symbols and a query: each sequence has a random rule, which its context shows.",
      "after Raventos et al. 2023, arXiv:2306.15063");
}

}  // namespace spurion::environments
