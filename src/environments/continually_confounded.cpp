#include <fmt/format.h>

#include <string>
#include <vector>

#include "environments/shared/cued_core_environment.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct ContinuallyConfoundedOptions : CuedCoreOptions {
  std::int64_t tasks = 3;
  std::string variant = "disjoint";
  double disagreement = 0.0;
};

/// A sequence of tasks with one rule and, in each, another confounder (Busch et al. 2024, ConCon).
/// Train domain t is task t; the test domain is free of all confounders. See
/// datasets/continually_confounded.md.
class ContinuallyConfounded final : public CuedCoreEnvironment {
 public:
  using Options = ContinuallyConfoundedOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("tasks", &Options::tasks, "Number of tasks. Each has a confounder of its own.",
                   between(2, CuedCore::kMaxCues))
            .field("variant", &Options::variant,
                   "disjoint: a confounder is absent (0) outside its task. strict: it is present "
                   "there, but independent of the label.",
                   one_of({"disjoint", "strict"}))
            .field("disagreement", &Options::disagreement,
                   "P(a confounder disagrees with the label) in its task.", between(0, 0.49))
            .include(CuedCoreOptions::schema())
            .preset("easy", {{"disagreement", 0.1}, {"core_dimensions", 20}})
            .preset("medium", {})
            .preset("hard", {{"tasks", 5}, {"separation", 0.4}, {"amplitude", 4.0}});
    return schema;
  }

  ContinuallyConfounded(const Options& options, const EnvironmentContext& context)
      : CuedCoreEnvironment(context, domains_of(options), options, confounders(options),
                            disjoint(options)) {
    info_.title = "A sequence of tasks, each with its own confounder";
    info_.citation = "Busch et al. 2024, \"Where is the Truth?\" (ConCon), arXiv:2402.06434";
    info_.mechanism +=
        fmt::format("\nin task t confounder_t disagrees with probability {}; the others are {}",
                    options.disagreement, elsewhere(options));
    info_.deviations =
        "Coordinates instead of rendered scenes; the rule is a noisy reading of one object.";
    info_.shift_axis.name = "e_0";
    info_.shift_axis.doc =
        fmt::format("P(confounder_0 disagrees with the label); the others are {}{}",
                    elsewhere(options), disjoint(options) ? ", and so is this at exactly 0.5" : "");
  }

 private:
  static bool disjoint(const Options& options) { return options.variant == "disjoint"; }
  static const char* elsewhere(const Options& options) {
    return disjoint(options) ? "absent (0)" : "a fair coin";
  }

  static std::vector<NamedCue> confounders(const Options& options) {
    std::vector<NamedCue> cues;
    for (std::int64_t task = 0; task < options.tasks; ++task) {
      cues.push_back({fmt::format("confounder_{}", task),
                      fmt::format("y, negated with probability {}, in task {}; elsewhere {}",
                                  options.disagreement, task, elsewhere(options))});
    }
    return cues;
  }

  static ShiftDomains domains_of(const Options& options) {
    const CueShifts neutral(static_cast<std::size_t>(options.tasks), ShiftDomains::kNeutral);
    std::vector<CueShifts> train;
    for (std::size_t task = 0; task < neutral.size(); ++task) {
      train.push_back(neutral);
      train.back()[task] = options.disagreement;
    }
    return ShiftDomains::of_cues("continually_confounded", std::move(train), neutral, neutral);
  }
};

}  // namespace

void register_continually_confounded(Catalog& catalog);
void register_continually_confounded(Catalog& catalog) {
  catalog.environments.add<ContinuallyConfounded>(
      "continually_confounded", "One rule; each task of a sequence has its own confounder.",
      "Busch et al. 2024, arXiv:2402.06434");
}

}  // namespace spurion::environments
