#include <fmt/format.h>

#include <utility>

#include "environments/shared/binary_cue_mixture.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/cue_domains.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

constexpr const char* kBackground = "background";
constexpr const char* kCompanion = "companion";

struct TwoShortcutsOptions {
  std::vector<double> background = {0.05, 0.1};
  std::vector<double> companion = {0.1, 0.05};
  double test_background = 0.95;
  double test_companion = 0.95;
  std::int64_t core_dimensions = 5;
  double separation = 0.6;
  double label_noise = 0.05;
  double amplitude = 2.0;
  std::int64_t noise_dimensions = 10;
};

/// Two shortcuts at once, each with its own dial, beside a noisy causal core: the problem that
/// mending one reliance may deepen the other (Li et al. 2023, "A Whac-A-Mole dilemma"). See
/// datasets/two_shortcuts.md.
class TwoShortcuts final : public Environment {
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
            .field("core_dimensions", &Options::core_dimensions,
                   "Coordinates that read the object.", between(1, 10000))
            .field("separation", &Options::separation,
                   "Half the distance of the two objects in each of them, in standard deviations.",
                   positive(), log_uniform(0.2, 2.0))
            .field("label_noise", &Options::label_noise,
                   "P(the object disagrees with the label), in every domain.", between(0, 0.5))
            .field("amplitude", &Options::amplitude, "Size of a cue in x.", positive(),
                   log_uniform(0.5, 8.0))
            .field("noise_dimensions", &Options::noise_dimensions,
                   "Further coordinates that say nothing.", between(0, 100000))
            .preset("easy", "core_dimensions = 20, amplitude = 1: the object is easily read",
                    [](Options& o) {
                      o.core_dimensions = 20;
                      o.amplitude = 1.0;
                    })
            .preset("medium", "the defaults", [](Options&) {})
            .preset("hard", "separation = 0.4, amplitude = 4, cues agree more often",
                    [](Options& o) {
                      o.separation = 0.4;
                      o.amplitude = 4.0;
                      o.background = {0.02, 0.05};
                      o.companion = {0.05, 0.02};
                    });
    return schema;
  }

  TwoShortcuts(Options options, const EnvironmentContext& context)
      : options_(std::move(options)),
        key_(RandomKey(context.data_seed).child("two_shortcuts")),
        core_({options_.core_dimensions, options_.separation, options_.label_noise,
               options_.amplitude, options_.noise_dimensions},
              {kBackground, kCompanion}, false) {
    const std::size_t domains = options_.background.size();
    if (domains < 1 || domains > CueDomains::kMaxTrainDomains ||
        domains != options_.companion.size()) {
      throw UsageError(fmt::format(
          "'background' and 'companion' of two_shortcuts need as many numbers each, 1 to {}; got "
          "{} and {}",
          CueDomains::kMaxTrainDomains, domains, options_.companion.size()));
    }
    std::vector<CuePositions> train;
    CuePositions usual(2, 0.0);
    for (std::size_t d = 0; d < domains; ++d) {
      train.push_back({options_.background[d], options_.companion[d]});
      usual[1] += options_.companion[d] / static_cast<double>(domains);
    }
    domains_ = CueDomains("two_shortcuts", std::move(train),
                          {options_.test_background, options_.test_companion}, std::move(usual));
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
    const std::vector<std::string> docs = {"y, negated with probability e_background",
                                           "y, negated with probability e_companion"};
    info_.name = "two_shortcuts";
    info_.title = "Two shortcuts at once";
    info_.citation = "Li et al. 2023, \"A Whac-A-Mole Dilemma\", arXiv:2212.04825";
    info_.mechanism = core_.mechanism();
    info_.deviations =
        "Coordinates instead of UrbanCars' photographs; the test domain shifts both cues "
        "instead of weighting groups evenly; each cue's gap is measured with the other as in "
        "training.";
    info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
    info_.task = Task::binary;
    info_.groups = 8;
    info_.input_shape = {core_.dimensions()};
    info_.cue = kBackground;
    info_.causal = "object";
    info_.graph = core_.graph(docs);
    info_.dial.name = "e_background";
    info_.dial.doc = "P(background disagrees with the label); the companion stays as in training";
    for (int tenth = 0; tenth <= 10; ++tenth) info_.dial.points.push_back(tenth / 10.0);
    info_.dial.mixture =
        DialInfo::Mixture{Intervention::align(kBackground), Intervention::oppose(kBackground)};
    info_.cues = {{kBackground, "P(background disagrees with the label)", 0.0, 1.0, 0.5},
                  {kCompanion, "P(companion disagrees with the label)", 0.0, 1.0, 0.5}};
  }

  Options options_;
  RandomKey key_;
  CuedCore core_;
  CueDomains domains_;
  EnvironmentInfo info_;
};

}  // namespace

void register_two_shortcuts(Catalog& catalog);
void register_two_shortcuts(Catalog& catalog) {
  catalog.environments.add<TwoShortcuts>(
      "two_shortcuts", "A noisy causal core and two cues, each with a dial of its own.",
      "Li et al. 2023, arXiv:2212.04825");
}

}  // namespace spurion::environments
