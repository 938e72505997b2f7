#include <vector>

#include "environments/shared/door_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct ConfoundedBanditOptions : DoorWorldOptions {
  std::int64_t doors = 5;
  double eps_obs = 0.3;
  double eps_exp = 0.2;
};

/// A bandit whose good door the expert knows: a learner that takes its own actions for those of the
/// expert believes in the door that it opens. See datasets/confounded_bandit.md.
class ConfoundedBandit final : public DoorWorld {
 public:
  using Options = ConfoundedBanditOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("doors", &O::doors, "Number of doors.", between(2, 20))
            .field("eps_obs", &O::eps_obs, "P(an observation is wrong).", between(0.001, 0.5),
                   log_uniform(0.01, 0.4))
            .field("eps_exp", &O::eps_exp,
                   "P(the expert opens another door than the good one). It must open the good door "
                   "more often than any other.",
                   between(0.001, 0.95), log_uniform(0.02, 0.6))
            .include(DoorWorldOptions::schema())
            .preset("easy", {{"eps_obs", 0.02}}, "observations outweigh own actions: no latching")
            .preset("medium", {})
            .preset("hard", {{"doors", 10}, {"eps_exp", 0.05}}, "an expert that is hardly wrong");
    return schema;
  }

  ConfoundedBandit(const Options& options, const EnvironmentContext& context)
      : DoorWorld(context, {"confounded_bandit", "eps_exp"}, with_law(options),
                  NaiveActing::most_likely_door) {
    info_.title = "A bandit whose expert knows the good door";
    info_.citation =
        "after Swamy et al. 2022, arXiv:2208.02225 (imitation with unobserved contexts), and "
        "Ortega "
        "et al. 2021, arXiv:2110.10819";
    info_.deviations =
        "The random past actions of demonstrations, and so the shift, are ours. Episodes have 50 "
        "steps.";
  }

 private:
  static DoorWorldOptions with_law(const Options& options) {
    DoorWorldOptions out = options;
    out.law = {options.doors, options.eps_obs, options.eps_exp};
    return out;
  }
};

}  // namespace

void register_confounded_bandit(Catalog& catalog);
void register_confounded_bandit(Catalog& catalog) {
  catalog.environments.add<ConfoundedBandit>(
      "confounded_bandit",
      "Interactive: an expert opens the door that it knows; a learner's own actions tell nothing.",
      "after Swamy et al. 2022, arXiv:2208.02225");
}

}  // namespace spurion::environments
