#include <utility>

#include "environments/shared/memorisation_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct ImplicitMemorisationOptions : MinorityOptions {
  std::int64_t core_dimensions = 100;
  double core_deviation = 10.0;
  std::int64_t cue_dimensions = 100;
  double cue_deviation = 1.0;
};

/// Many noisy readings of the label beside many clear ones of an attribute: a large model can tell
/// rows apart by the core's noise, and so memorise the minority instead of learning from it. See
/// datasets/implicit_memorisation.md.
class ImplicitMemorisation final : public MemorisationWorld {
 public:
  using Options = ImplicitMemorisationOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .include(MinorityOptions::schema())
            .field("core_dimensions", &O::core_dimensions,
                   "Number of coordinates that show the label.", between(1, 100000))
            .field("core_deviation", &O::core_deviation,
                   "Standard deviation of each of them around the label (-1 or +1).", positive(),
                   log_uniform(1, 30))
            .field("cue_dimensions", &O::cue_dimensions,
                   "Number of coordinates that show the attribute.", between(1, 100000))
            .field("cue_deviation", &O::cue_deviation,
                   "Standard deviation of each of them around the attribute (-1 or +1).",
                   positive(), log_uniform(0.1, 10))
            .preset("easy", {{"core_deviation", 3.0}, {"disagreement", Value::List{0.2}}},
                    "the core is easily read")
            .preset("medium", {}, "those of the source")
            .preset("hard", {{"disagreement", Value::List{0.02}}}, "hardly any minority");
    return schema;
  }

  ImplicitMemorisation(const Options& options, const EnvironmentContext& context)
      : MemorisationWorld(world(options), context) {}

 private:
  static MemorisationOptions world(const Options& options) {
    MemorisationOptions out;
    out.name = "implicit_memorisation";
    out.title = "Implicit memorisation";
    out.minority = options;
    out.core_dimensions = options.core_dimensions;
    out.core_deviation = options.core_deviation;
    out.cue_dimensions = options.cue_dimensions;
    out.cue_deviation = options.cue_deviation;
    return out;
  }
};

}  // namespace

void register_implicit_memorisation(Catalog& catalog);
void register_implicit_memorisation(Catalog& catalog) {
  catalog.environments.add<ImplicitMemorisation>(
      "implicit_memorisation",
      "Noisy core and clear cue, both Gaussian: does a larger model memorise the minority?",
      "Sagawa et al. 2020, arXiv:2005.04345");
}

}  // namespace spurion::environments
