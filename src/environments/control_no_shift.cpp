#include <fmt/format.h>

#include <vector>

#include "environments/shared/cued_core_environment.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct ControlNoShiftOptions : CuedCoreOptions {
  double disagreement = 0.1;
  std::int64_t domains = 2;
};

/// Control: a cue that is as reliable in the test domain as in training. To rely on it is right, so
/// there is no gap to be found and no confusion. See datasets/control_no_shift.md.
class ControlNoShift final : public CuedCoreEnvironment {
 public:
  using Options = ControlNoShiftOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("disagreement", &Options::disagreement,
                   "P(the cue disagrees with the label) in every train domain and the test domain.",
                   between(0, 1))
            .field("domains", &Options::domains,
                   "Number of train domains. All have the same distribution.", between(1, 100))
            .include(CuedCoreOptions::schema())
            .preset("easy", {{"core_dimensions", 20}}, "the object is easily read")
            .preset("medium", {})
            .preset("hard", {{"separation", 0.4}});
    return schema;
  }

  ControlNoShift(const Options& options, const EnvironmentContext& context)
      : CuedCoreEnvironment(
            context,
            ShiftDomains("control_no_shift",
                         std::vector<double>(static_cast<std::size_t>(options.domains),
                                             options.disagreement),
                         options.disagreement),
            options, {{"cue", "y, negated with probability e"}}) {
    info_.title = "Control: nothing shifts";
    info_.citation = "spurion; a control";
    info_.misleads_erm = false;
    info_.shift_axis.name = "e";
    info_.shift_axis.doc =
        fmt::format("P(cue disagrees with the label); train and test domains all stand at {}",
                    options.disagreement);
  }
};

}  // namespace

void register_control_no_shift(Catalog& catalog);
void register_control_no_shift(Catalog& catalog) {
  catalog.environments.add<ControlNoShift>(
      "control_no_shift", "Control: the test domain is like training, so there is no gap to find.",
      "a control");
}

}  // namespace spurion::environments
