#include <fmt/format.h>

#include <string>

#include "environments/shared/boolean_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct BooleanStaircaseOptions : BooleanShiftOptions {
  std::string core_function = "staircase";
  std::int64_t core_degree = 5;
  std::string cue_function = "staircase";
  std::int64_t cue_degree = 1;
  std::int64_t noise_dimensions = 14;
};

/// A Boolean function of chosen complexity causes the label, and another one of chosen complexity,
/// on other bits, correlates with it (Qiu et al. 2024). See datasets/boolean_staircase.md.
class BooleanStaircase final : public BooleanWorld {
 public:
  using Options = BooleanStaircaseOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("core_function", &O::core_function,
                   "f_c, which causes the label. parity: the product of its bits. staircase: the "
                   "sign of the sum of the products of its first 1, 2, ... bits.",
                   one_of({"parity", "staircase"}))
            .field("core_degree", &O::core_degree, "Number of bits of f_c.",
                   between(1, BooleanFunction::kMaxDegree))
            .field("cue_function", &O::cue_function,
                   "f_s, whose value is the cue: parity or staircase.",
                   one_of({"parity", "staircase"}))
            .field("cue_degree", &O::cue_degree, "Number of bits of f_s.",
                   between(1, BooleanFunction::kMaxDegree))
            .field("noise_dimensions", &O::noise_dimensions,
                   "Number of further fair bits, which neither function reads.", between(0, 100000))
            .include(BooleanShiftOptions::schema())
            .preset("easy", {{"core_degree", 3}, {"train_shifts", Value::List{0.2, 0.3}}},
                    "a simpler f_c, and a weaker cue")
            .preset("medium", {})
            .preset("hard",
                    {{"core_degree", 14},
                     {"cue_degree", 10},
                     {"noise_dimensions", 10},
                     {"train_shifts", Value::List{0.1}}},
                    "the source's benchmark Hard Staircase");
    return schema;
  }

  BooleanStaircase(const Options& options, const EnvironmentContext& context)
      : BooleanWorld(facts(options), options, context) {
    const BooleanWorldFacts all = facts(options);
    info_.title =
        fmt::format("A {} of degree {}, and a {} of degree {} as the cue", options.core_function,
                    options.core_degree, options.cue_function, options.cue_degree);
    info_.citation =
        "Qiu, Kuang, Goel 2024, \"Complexity Matters: Feature Learning in the Presence of Spurious "
        "Correlations\", arXiv:2403.03375";
    info_.mechanism = fmt::format(
        "u_1 .. u_{} = -1 or +1, evenly; f_c = {}\n"
        "y = f_c, negated with probability {}; label = 1 if y = +1 else 0\n"
        "f_s = {}; it is y, negated with probability e\n"
        "v_1 .. v_{} = -1 or +1, uniform given f_s\n"
        "x = (u, v, {} fair bits)",
        options.core_degree, all.core.formula("u"), options.label_noise, all.spurious.formula("v"),
        options.cue_degree, options.noise_dimensions);
    info_.deviations =
        "The source has one train domain, with confounder strength lambda = 1 - e. Here there are "
        "several, and the cue reverses in the test domain. Bits of the source's x_c and x_s that "
        "its functions do not read are noise bits here. Label noise is ours.";
  }

 private:
  static BooleanWorldFacts facts(const Options& options) {
    return {"boolean_staircase",
            "f_c",
            "f_s",
            BooleanFunction(BooleanFunction::kind_of(options.core_function), options.core_degree),
            BooleanFunction(BooleanFunction::kind_of(options.cue_function), options.cue_degree),
            1,
            options.noise_dimensions};
  }
};

}  // namespace

void register_boolean_staircase(Catalog& catalog);
void register_boolean_staircase(Catalog& catalog) {
  catalog.environments.add<BooleanStaircase>(
      "boolean_staircase",
      "A Boolean function of chosen degree causes the label; another one correlates with it.",
      "Qiu et al. 2024, arXiv:2403.03375");
}

}  // namespace spurion::environments
