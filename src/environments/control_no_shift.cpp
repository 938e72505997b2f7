#include <fmt/format.h>

#include <utility>

#include "environments/shared/binary_cue_mixture.hpp"
#include "environments/shared/dial_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct ControlNoShiftOptions {
  double disagreement = 0.1;
  std::int64_t domains = 2;
  std::int64_t core_dimensions = 5;
  double separation = 0.6;
  double label_noise = 0.05;
  double amplitude = 2.0;
  std::int64_t noise_dimensions = 10;
};

/// Control: a cue that is as reliable in the test domain as in training. To lean on it is right, so
/// there is no gap to be found and no confusion. See datasets/control_no_shift.md.
class ControlNoShift final : public DialWorld {
 public:
  using Options = ControlNoShiftOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("disagreement", &Options::disagreement,
                   "P(the cue disagrees with the label) in every train domain and the test domain.",
                   between(0, 1))
            .field("domains", &Options::domains, "Train domains, all alike.", between(1, 100))
            .field("core_dimensions", &Options::core_dimensions,
                   "Coordinates that read the object.", between(1, 10000))
            .field("separation", &Options::separation,
                   "Half the distance of the two objects in each of them, in standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .field("label_noise", &Options::label_noise,
                   "P(the object disagrees with the label), in every domain.", between(0, 0.5))
            .field("amplitude", &Options::amplitude, "Size of the cue in x.", positive(),
                   log_uniform(0.5, 8.0))
            .field("noise_dimensions", &Options::noise_dimensions,
                   "Further coordinates that say nothing.", between(0, 100000))
            .preset("easy", "core_dimensions = 20: the object is easily read",
                    [](Options& o) { o.core_dimensions = 20; })
            .preset("medium", "the defaults", [](Options&) {})
            .preset("hard", "separation = 0.4", [](Options& o) { o.separation = 0.4; });
    return schema;
  }

  ControlNoShift(Options options, const EnvironmentContext& context)
      : DialWorld(context,
                  DialDomains("control_no_shift",
                              std::vector<double>(static_cast<std::size_t>(options.domains),
                                                  options.disagreement),
                              options.disagreement, 0.0, 1.0)),
        options_(std::move(options)),
        core_({options_.core_dimensions, options_.separation, options_.label_noise,
               options_.amplitude, options_.noise_dimensions},
              {kCue}, false) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return core_.supports(intervention);
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return core_.ceilings({domains_.shift(domain)}, {{options_.disagreement}});
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    return core_.rows(rows_key(domain, split), {domains_.shift(domain)}, rows, intervention);
  }

 private:
  static constexpr const char* kCue = "cue";

  void describe() {
    info_.title = "Control: nothing shifts";
    info_.citation = "This world; a control";
    info_.mechanism = core_.mechanism();
    info_.misleads_erm = false;
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {core_.dimensions()};
    info_.cue = kCue;
    info_.causal = "object";
    info_.graph = core_.graph({"y, negated with probability e"});
    info_.dial.name = "e";
    info_.dial.doc =
        fmt::format("P(cue disagrees with the label); train and test domains all stand at {}",
                    options_.disagreement);
    domains_.mark(info_.dial);
    info_.dial.mixture = DialInfo::Mixture{Intervention::align(kCue), Intervention::oppose(kCue)};
  }

  Options options_;
  CuedCore core_;
};

}  // namespace

void register_control_no_shift(Catalog& catalog);
void register_control_no_shift(Catalog& catalog) {
  catalog.environments.add<ControlNoShift>(
      "control_no_shift", "Control: the test domain is like training, so nothing may be found.",
      "a control");
}

}  // namespace spurion::environments
