#include <fmt/format.h>

#include <utility>

#include "environments/shared/binary_cue_mixture.hpp"
#include "environments/shared/cue_domains.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

std::vector<std::string> cue_names(std::int64_t tasks) {
  std::vector<std::string> names;
  for (std::int64_t task = 0; task < tasks; ++task) {
    names.push_back(fmt::format("confounder_{}", task));
  }
  return names;
}

struct ContinuallyConfoundedOptions {
  std::int64_t tasks = 3;
  std::string variant = "disjoint";
  double disagreement = 0.0;
  std::int64_t core_dimensions = 5;
  double separation = 0.6;
  double label_noise = 0.05;
  double amplitude = 2.0;
  std::int64_t noise_dimensions = 10;
};

/// A sequence of tasks with one rule and, in each, another confounder (Busch et al. 2024, ConCon).
/// Train domain t is task t; the test domain is free of all confounders. See
/// datasets/continually_confounded.md.
class ContinuallyConfounded final : public Environment {
 public:
  using Options = ContinuallyConfoundedOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("tasks", &Options::tasks, "Tasks, and as many confounders.",
                   between(2, CuedCore::kMaxCues))
            .field("variant", &Options::variant,
                   "disjoint: a confounder is absent (0) outside its task; strict: it is there, "
                   "independent of the label.",
                   one_of({"disjoint", "strict"}))
            .field("disagreement", &Options::disagreement,
                   "P(a confounder disagrees with the label) in its task.", between(0, 0.49))
            .field("core_dimensions", &Options::core_dimensions,
                   "Coordinates that read the object.", between(1, 10000))
            .field("separation", &Options::separation,
                   "Half the distance of the two objects in each of them, in standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .field("label_noise", &Options::label_noise,
                   "P(the object disagrees with the label), in every domain.", between(0, 0.5))
            .field("amplitude", &Options::amplitude, "Size of a confounder in x.", positive(),
                   log_uniform(0.5, 8.0))
            .field("noise_dimensions", &Options::noise_dimensions,
                   "Further coordinates that say nothing.", between(0, 100000))
            .preset("easy", "disagreement = 0.1, core_dimensions = 20",
                    [](Options& o) {
                      o.disagreement = 0.1;
                      o.core_dimensions = 20;
                    })
            .preset("medium", "the defaults", [](Options&) {})
            .preset("hard", "tasks = 5, separation = 0.4, amplitude = 4", [](Options& o) {
              o.tasks = 5;
              o.separation = 0.4;
              o.amplitude = 4.0;
            });
    return schema;
  }

  ContinuallyConfounded(Options options, const EnvironmentContext& context)
      : options_(std::move(options)),
        key_(RandomKey(context.data_seed).child("continually_confounded")),
        core_({options_.core_dimensions, options_.separation, options_.label_noise,
               options_.amplitude, options_.noise_dimensions},
              cue_names(options_.tasks), options_.variant == "disjoint") {
    const CuePositions neutral(static_cast<std::size_t>(options_.tasks), CueDomains::kNeutral);
    std::vector<CuePositions> train;
    for (std::size_t task = 0; task < neutral.size(); ++task) {
      train.push_back(neutral);
      train.back()[task] = options_.disagreement;
    }
    domains_ = CueDomains("continually_confounded", std::move(train), neutral, neutral);
    describe();
  }

  [[nodiscard]] const EnvironmentInfo& info() const override { return info_; }

  [[nodiscard]] std::vector<Domain> train_domains() const override { return domains_.train(); }
  [[nodiscard]] Domain test_domain() const override { return domains_.test(); }
  [[nodiscard]] Domain at(double shift) const override { return domains_.at(shift); }
  [[nodiscard]] Domain at_cues(const std::vector<double>& shifts) const override {
    return domains_.at_cues(shifts);
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return core_.supports(intervention);
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return core_.ceilings(domains_.positions(domain), domains_.train_positions());
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    return core_.rows(key_.child(domain.key).child(split_name(split)), domains_.positions(domain),
                      rows, intervention);
  }

 private:
  void describe() {
    const bool disjoint = options_.variant == "disjoint";
    const char* elsewhere = disjoint ? "absent (0)" : "a fair coin";
    std::vector<std::string> docs;
    for (std::int64_t task = 0; task < options_.tasks; ++task) {
      docs.push_back(fmt::format("y, negated with probability {}, in task {}; elsewhere {}",
                                 options_.disagreement, task, elsewhere));
    }
    info_.name = "continually_confounded";
    info_.title = "A sequence of tasks, each with its own confounder";
    info_.citation = "Busch et al. 2024, \"Where is the Truth?\" (ConCon), arXiv:2402.06434";
    info_.mechanism = core_.mechanism() + fmt::format(
                                              "\nin task t confounder_t disagrees with probability "
                                              "{}; the others are {}",
                                              options_.disagreement, elsewhere);
    info_.deviations =
        "Coordinates instead of rendered scenes; the rule is a noisy reading of one object.";
    info_.task = Task::binary;
    info_.groups = std::int64_t{1} << (options_.tasks + 1);
    info_.input_shape = {core_.dimensions()};
    const std::vector<std::string> names = cue_names(options_.tasks);
    info_.cue = names.front();
    info_.causal = "object";
    info_.graph = core_.graph(docs);
    info_.dial.name = "e_0";
    info_.dial.doc = fmt::format("P(confounder_0 disagrees with the label); the others are {}{}",
                                 elsewhere, disjoint ? ", and so is this at exactly 0.5" : "");
    for (int tenth = 0; tenth <= 10; ++tenth) info_.dial.points.push_back(tenth / 10.0);
    // Where the cue goes away in the middle of the dial, the curve is not affine there.
    if (!disjoint) {
      info_.dial.mixture = DialInfo::Mixture{Intervention::align(names.front()),
                                             Intervention::oppose(names.front())};
    }
    for (const std::string& name : names) {
      info_.cues.push_back({name, fmt::format("P({} disagrees with the label)", name), 0.0, 1.0,
                            CueDomains::kNeutral});
    }
  }

  Options options_;
  RandomKey key_;
  CuedCore core_;
  CueDomains domains_;
  EnvironmentInfo info_;
};

}  // namespace

void register_continually_confounded(Catalog& catalog);
void register_continually_confounded(Catalog& catalog) {
  catalog.environments.add<ContinuallyConfounded>(
      "continually_confounded", "One rule, and in each task of a sequence another confounder.",
      "Busch et al. 2024, arXiv:2402.06434");
}

}  // namespace spurion::environments
