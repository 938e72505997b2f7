#include <fmt/format.h>

#include <vector>

#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/cued_core_environment.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

struct TwoShortcutsOptions : CuedCoreOptions {
  std::vector<double> background = {0.05, 0.1};
  std::vector<double> companion = {0.1, 0.05};
  double test_background = 0.95;
  double test_companion = 0.95;
};

/// Two shortcuts at once, each with its own shift, beside a noisy causal core: the problem that
/// mending one reliance may deepen the other (Li et al. 2023, "A Whac-A-Mole dilemma"). See
/// datasets/two_shortcuts.md.
class TwoShortcuts final : public CuedCoreEnvironment {
 public:
  using Options = TwoShortcutsOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("background", &Options::background,
                   "P(background disagrees with the label) in each train domain.", between(0, 1))
            .field("companion", &Options::companion,
                   "P(companion disagrees with the label) in each train domain.", between(0, 1))
            .field("test_background", &Options::test_background,
                   "P(background disagrees with the label) in the test domain.", between(0, 1))
            .field("test_companion", &Options::test_companion,
                   "P(companion disagrees with the label) in the test domain.", between(0, 1))
            .include(CuedCoreOptions::schema())
            .preset("easy", {{"core_dimensions", 20}, {"amplitude", 1.0}},
                    "the object is easily read")
            .preset("medium", {})
            .preset("hard",
                    {{"separation", 0.4},
                     {"amplitude", 4.0},
                     {"background", Value::List{0.02, 0.05}},
                     {"companion", Value::List{0.05, 0.02}}},
                    "cues agree more often");
    return schema;
  }

  TwoShortcuts(const Options& options, const EnvironmentContext& context)
      : CuedCoreEnvironment(context, domains_of(options), options,
                            {{"background", "y, negated with probability e_background"},
                             {"companion", "y, negated with probability e_companion"}}) {
    info_.title = "Two shortcuts at once";
    info_.citation = "Li et al. 2023, \"A Whac-A-Mole Dilemma\", arXiv:2212.04825";
    info_.deviations =
        "Coordinates instead of UrbanCars' photographs; the test domain shifts both cues "
        "instead of weighting groups evenly; each cue's gap is measured with the other as in "
        "training.";
    info_.misleads_erm = claim_to_mislead(ceilings(test_domain()));
    info_.shift_axis.name = "e_background";
    info_.shift_axis.doc =
        "P(background disagrees with the label); the companion stays as in training";
  }

 private:
  static ShiftDomains domains_of(const Options& options) {
    const std::size_t domains = options.background.size();
    if (domains != options.companion.size()) {
      throw UsageError(fmt::format(
          "'background' and 'companion' of two_shortcuts need as many numbers each; got {} and {}",
          domains, options.companion.size()));
    }
    std::vector<CueShifts> train;
    CueShifts mean(2, 0.0);
    for (std::size_t d = 0; d < domains; ++d) {
      train.push_back({options.background[d], options.companion[d]});
      mean[1] += options.companion[d] / static_cast<double>(domains);
    }
    return ShiftDomains::of_cues("two_shortcuts", std::move(train),
                                 {options.test_background, options.test_companion},
                                 std::move(mean));
  }
};

}  // namespace

void register_two_shortcuts(Catalog& catalog);
void register_two_shortcuts(Catalog& catalog) {
  catalog.environments.add<TwoShortcuts>(
      "two_shortcuts", "A noisy causal core and two cues, each with its own shift.",
      "Li et al. 2023, arXiv:2212.04825");
}

}  // namespace spurion::environments
