#include <fmt/format.h>

#include "environments/shared/boolean_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct XorShortcutOptions : BooleanShiftOptions {
  std::int64_t dimensions = 50;
};

/// Points of the hypercube whose label is the XOR of two bits, beside one bit that agrees with it
/// (LaBonte & Muthukumar 2026). No linear predictor reads the XOR, and any reads the cue. See
/// datasets/xor_shortcut.md.
class XorShortcut final : public BooleanWorld {
 public:
  using Options = XorShortcutOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("dimensions", &Options::dimensions,
                   "Number of bits: two of the XOR, one of the cue, and noise.", between(3, 100000),
                   log_uniform_integer(10, 200))
            .include(BooleanShiftOptions::schema())
            .preset("easy", {{"dimensions", 20}, {"train_shifts", Value::List{0.2, 0.3}}},
                    "few bits, and a weaker cue")
            .preset("medium", {}, "the mean of train_shifts is the 0.1 of the source")
            .preset("hard", {{"dimensions", 100}, {"train_shifts", Value::List{0.01, 0.03}}},
                    "the number of bits of the source, and a stronger cue");
    return schema;
  }

  XorShortcut(const Options& options, const EnvironmentContext& context)
      : BooleanWorld(facts(options), options, context) {
    info_.title = "XOR and a linear shortcut";
    info_.citation =
        "LaBonte, Muthukumar 2026, \"SGD Provably Prioritizes a Shortcut Spurious Feature in the "
        "XOR Model\", arXiv:2606.30444";
    info_.mechanism = fmt::format(
        "x_1, x_2 = -1 or +1, evenly; xor = -x_1 x_2\n"
        "y = xor, negated with probability {}; label = 1 if y = +1 else 0\n"
        "x_3 = y, negated with probability e\n"
        "x = (x_1, x_2, x_3, {} fair bits)",
        options.label_noise, options.dimensions - 3);
    info_.deviations =
        "The source trains on one domain, with e = 0.1 by default, and tests at that e and on "
        "fair bits (e = 1/2). Here there are several train domains, and the cue reverses in the "
        "test domain. Label noise is ours.";
  }

 private:
  static BooleanWorldFacts facts(const Options& options) {
    using Kind = BooleanFunction::Kind;
    return {"xor_shortcut",
            "xor",
            "x_3",
            BooleanFunction(Kind::parity, 2),
            BooleanFunction(Kind::parity, 1),
            -1,
            options.dimensions - 3};
  }
};

}  // namespace

void register_xor_shortcut(Catalog& catalog);
void register_xor_shortcut(Catalog& catalog) {
  catalog.environments.add<XorShortcut>(
      "xor_shortcut", "The XOR of two bits causes the label; one bit correlates with it.",
      "LaBonte & Muthukumar 2026, arXiv:2606.30444");
}

}  // namespace spurion::environments
