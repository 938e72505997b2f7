#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/cue_cells.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/token_sequences.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using Kind = Intervention::Kind;

struct DistantTokensOptions {
  std::int64_t length = 12;
  std::int64_t distance = 10;
  std::int64_t symbols = 4;
  std::string relation = "equal";
  double label_noise = 0.25;
  std::vector<double> train_shifts = {0.1, 0.2};
  double test_shift = 0.9;
};

/// Sequences in which the relation of two distant tokens causes the label, and a marker token
/// somewhere among them correlates with it. See datasets/distant_tokens.md.
class DistantTokens final : public GenerativeEnvironment {
 public:
  using Options = DistantTokensOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("length", &O::length, "Number of tokens in a sequence.", between(3, 1024))
            .field(
                "distance", &O::distance,
                "Position of the second token. The first is at position 0. Must be below 'length'.",
                between(1, 1023))
            .field("symbols", &O::symbols, "Number of symbols besides the two markers.",
                   between(2, 256))
            .field("relation", &O::relation,
                   "Relation of the two tokens. equal: they are the same symbol. greater: the "
                   "first has the higher number.",
                   one_of({"equal", "greater"}))
            .field("label_noise", &O::label_noise, "P(label differs from the relation).",
                   between(0, 0.5))
            .field("train_shifts", &O::train_shifts,
                   "P(marker disagrees with the label) in each train domain.", between(0, 1))
            .field("test_shift", &O::test_shift,
                   "P(marker disagrees with the label) in the test domain.", between(0, 1))
            .preset("easy", {{"length", 6},
                             {"distance", 4},
                             {"label_noise", 0.1},
                             {"train_shifts", Value::List{0.2, 0.3}}})
            .preset("medium", {})
            .preset("hard", {{"length", 32},
                             {"distance", 30},
                             {"symbols", 8},
                             {"train_shifts", Value::List{0.05, 0.1}}});
    return schema;
  }

  DistantTokens(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context, ShiftDomains(kName, options.train_shifts, options.test_shift, 0.0, 1.0)),
        options_(std::move(options)),
        cells_({CueCells::kReadExactly, options_.label_noise, false}) {
    if (options_.distance >= options_.length) {
      throw UsageError(fmt::format("'distance' of {} must be below 'length', {}; got {}", kName,
                                   options_.length, options_.distance));
    }
    for (const double shift : options_.train_shifts) train_.push_back({shift});
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    if (intervention.kind == Kind::set && std::abs(intervention.value) != 1.0) return false;
    if (intervention.acts_only_on(kMarker)) return true;
    // The label follows from the relation, so there is nothing yet for that to agree with.
    return intervention.acts_only_on(kRelation) && intervention.kind != Kind::align &&
           intervention.kind != Kind::oppose;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    Ceilings out = cells_.ceilings({at(domain.shift).shift}, train_);
    for (Ceiling* one : {&out.bayes, &out.invariant}) one->exactness = Exactness::enumerated;
    if (out.population_erm) out.population_erm->exactness = Exactness::enumerated;
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const double shift = at(domain.shift).shift;
    const RandomKey key = rows_key(domain, split);
    const RandomStream draws(key.child("relation"));
    const RandomStream pairs(key.child("pair"));
    const RandomStream fillers(key.child("filler"));
    const RandomStream markers(key.child("marker"));
    environments::TokenSample out(rows.count, options_.length, options_.symbols + 2);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const std::int64_t row = rows.first + i;
      int relation = draws.uniform(row, 0) < 0.5 ? 1 : -1;
      if (intervention.acts_on(kRelation)) {
        relation = intervened(relation, 0, draws.uniform(row, 2) < 0.5 ? 1 : -1, intervention);
      }
      const int y = draws.uniform(row, 1) < options_.label_noise ? -relation : relation;
      int marker = markers.uniform(row, 0) < shift ? -y : y;
      if (intervention.acts_on(kMarker)) {
        marker = intervened(marker, y, markers.uniform(row, 1) < 0.5 ? 1 : -1, intervention);
      }
      // The marker stands anywhere but at 0 and at `distance`.
      std::int64_t place = 1 + markers.below(options_.length - 2, row, 2);
      if (place >= options_.distance) ++place;
      const auto [first, second] = pair(pairs, row, relation);
      for (std::int64_t position = 0; position < options_.length; ++position) {
        std::int64_t token = fillers.below(options_.symbols, row, position);
        if (position == 0) token = first;
        if (position == options_.distance) token = second;
        if (position == place) token = options_.symbols + (marker > 0 ? 1 : 0);
        out.token(i, position, token);
      }
      const std::int64_t label = y > 0 ? 1 : 0;
      out.facts(i, label, relation, marker, 2 * label + (marker == y ? 1 : 0));
    }
    return out.take();
  }

 private:
  static constexpr const char* kName = "distant_tokens";
  static constexpr const char* kRelation = "relation";
  static constexpr const char* kMarker = "marker";

  /// Two symbols that stand in the relation (+1) or do not (-1).
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> pair(const RandomStream& stream,
                                                           std::int64_t row, int relation) const {
    const std::int64_t one = stream.below(options_.symbols, row, 0);
    const std::int64_t step = 1 + stream.below(options_.symbols - 1, row, 1);
    const std::int64_t other = (one + step) % options_.symbols;
    if (options_.relation == "equal") return {one, relation > 0 ? one : other};
    const auto [low, high] = std::minmax(one, other);
    return relation > 0 ? std::pair(high, low) : std::pair(low, high);
  }

  void describe() {
    const bool equal = options_.relation == "equal";
    info_.title = "A relation between distant tokens, and a marker";
    info_.citation =
        "spurion; the shift of Arjovsky et al. 2019, arXiv:1907.02893, on a task of long "
        "dependencies after Hochreiter & Schmidhuber 1997";
    info_.mechanism = fmt::format(
        "relation = -1 or +1, evenly; tokens 0 and {} are {} where it is +1, {} where it is -1\n"
        "y = relation, negated with probability {}; label = 1 if y = +1 else 0\n"
        "marker = y, negated with probability e: one of two tokens, at any other position\n"
        "x = {} one-hot tokens of {} symbols and 2 markers; the rest are uniform",
        options_.distance, equal ? "the same symbol" : "in falling order",
        equal ? "different" : "in rising order", options_.label_noise, options_.length,
        options_.symbols);
    info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {options_.length, options_.symbols + 2};
    info_.cue = kMarker;
    info_.causal = kRelation;
    info_.graph = {{{kRelation, Role::causal, "of the two tokens, -1 or +1: a fair coin"},
                    {"label_noise", Role::noise, "1 with probability label_noise"},
                    {"label", Role::label, "the relation, negated by noise"},
                    {kMarker, Role::spurious, "y, negated with probability e"},
                    {"fillers", Role::noise, "all other symbols, and where the marker stands"},
                    {"sequence", Role::observed, "one-hot tokens"}},
                   {{kRelation, "label"},
                    {"label_noise", "label"},
                    {"label", kMarker},
                    {kRelation, "sequence"},
                    {kMarker, "sequence"},
                    {"fillers", "sequence"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "P(marker disagrees with the label)";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::align(kMarker), Intervention::oppose(kMarker)};
  }

  Options options_;
  CueCells cells_;
  std::vector<std::vector<double>> train_;
};

}  // namespace

void register_distant_tokens(Catalog& catalog);
void register_distant_tokens(Catalog& catalog) {
  catalog.environments.add<DistantTokens>("distant_tokens",
                                          "Sequences: the relation of two distant tokens causes "
                                          "the label; a marker correlates with it.",
                                          "after Arjovsky et al. 2019, arXiv:1907.02893");
}

}  // namespace spurion::environments
