#include <utility>

#include "environments/shared/memorisation_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct ExplicitMemorisationOptions : MinorityOptions {
  double core_deviation = 1.0;
  double cue_deviation = 0.1;
  std::int64_t noise_dimensions = 1000;
  double noise_deviation = 1.0;
};

/// One noisy reading of the label, one clear reading of an attribute, and coordinates that say
/// nothing but tell rows apart: a linear model with enough of them memorises the minority. See
/// datasets/explicit_memorisation.md.
class ExplicitMemorisation final : public MemorisationWorld {
 public:
  using Options = ExplicitMemorisationOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .include(MinorityOptions::schema())
            .field("core_deviation", &O::core_deviation,
                   "Standard deviation of the core around its mean, the label (-1 or +1).",
                   positive(), log_uniform(0.3, 3))
            .field("cue_deviation", &O::cue_deviation,
                   "Standard deviation of the cue around its mean, the attribute (-1 or +1).",
                   positive(), log_uniform(0.03, 1))
            .field("noise_dimensions", &O::noise_dimensions,
                   "Number of coordinates of pure noise. It sets the size of a linear model.",
                   between(0, 100000), log_uniform_integer(10, 10000))
            .field("noise_deviation", &O::noise_deviation,
                   "Root of the expected squared norm of all noise coordinates together.",
                   positive(), log_uniform(0.3, 10))
            .preset("easy", {{"core_deviation", 0.3}, {"disagreement", Value::List{0.2}}},
                    "the core is easily read")
            .preset("medium", {}, "those of the source")
            .preset("hard", {{"disagreement", Value::List{0.02}}}, "hardly any minority");
    return schema;
  }

  ExplicitMemorisation(const Options& options, const EnvironmentContext& context)
      : MemorisationWorld(world(options), context) {}

 private:
  static MemorisationOptions world(const Options& options) {
    MemorisationOptions out;
    out.name = "explicit_memorisation";
    out.title = "Explicit memorisation";
    out.minority = options;
    out.core_deviation = options.core_deviation;
    out.cue_deviation = options.cue_deviation;
    out.noise_dimensions = options.noise_dimensions;
    out.noise_deviation = options.noise_deviation;
    return out;
  }
};

}  // namespace

void register_explicit_memorisation(Catalog& catalog);
void register_explicit_memorisation(Catalog& catalog) {
  catalog.environments.add<ExplicitMemorisation>(
      "explicit_memorisation",
      "Core, cue and coordinates of pure noise: does a linear model memorise the minority?",
      "Sagawa et al. 2020, arXiv:2005.04345");
}

}  // namespace spurion::environments
