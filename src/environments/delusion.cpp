#include <vector>

#include "environments/shared/door_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct DelusionOptions : DoorWorldOptions {
  DelusionOptions() {
    horizon = 16;
    input = "sequence";
  }
  std::int64_t boxes = 2;
  double expert_reliability = 0.75;
  double observation_reliability = 0.75;
};

/// Prize or frog: a sequence model that predicts the expert and acts by its own predictions takes
/// its own actions as evidence. See datasets/delusion.md.
class Delusion final : public DoorWorld {
 public:
  using Options = DelusionOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("boxes", &O::boxes, "Number of boxes; one has the prize, the others a frog.",
                   between(2, 20))
            .field("expert_reliability", &O::expert_reliability,
                   "q = P(the expert opens the box with the prize). It must open that more often "
                   "than any other.",
                   between(0.05, 0.999), uniform(0.55, 0.95))
            .field("observation_reliability", &O::observation_reliability,
                   "r = P(an observation is right).", between(0.5, 0.999), uniform(0.55, 0.95))
            .include(DoorWorldOptions::schema())
            .preset("easy", {{"observation_reliability", 0.95}},
                    "observations outweigh own actions")
            .preset("medium", {})
            .preset("hard", {{"expert_reliability", 0.95}}, "an expert that is hardly wrong");
    return schema;
  }

  Delusion(const Options& options, const EnvironmentContext& context)
      : DoorWorld(context, {"delusion", "expert_reliability"}, with_law(options),
                  NaiveActing::own_prediction) {
    info_.title = "Prize or frog: delusions of a sequence model";
    info_.citation = "after Ortega et al. 2021, arXiv:2110.10819";
    info_.deviations =
        "Boxes are opened again and again, with noise in the expert and in what is seen. The "
        "random "
        "past actions of demonstrations, and so the shift, are ours.";
  }

 private:
  static DoorWorldOptions with_law(const Options& options) {
    DoorWorldOptions out = options;
    out.law = {options.boxes, 1.0 - options.observation_reliability,
               1.0 - options.expert_reliability};
    return out;
  }
};

}  // namespace

void register_delusion(Catalog& catalog);
void register_delusion(Catalog& catalog) {
  catalog.environments.add<Delusion>(
      "delusion", "Interactive: prize or frog. A sequence model takes its own actions as evidence.",
      "after Ortega et al. 2021, arXiv:2110.10819");
}

}  // namespace spurion::environments
