#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "environments/easy_to_hard/difficulty_ceilings.hpp"
#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/draws.hpp"
#include "environments/shared/gaussian_core_cue.hpp"
#include "environments/shared/generative_environment.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using environments::uniforms;
using Kind = Intervention::Kind;

struct EasyToHardOptions : CoreAndCueOptions {
  std::vector<double> train_hard = {0.02, 0.04};
  double test_hard = 0.9;
  double easiest = 1.8;
  double hardest = 0.2;
  double easy_disagreement = 0.01;
  double hard_disagreement = 0.5;
};

/// Easy rows, on which a cue is as good as the causal feature, and hard rows, on which it is not
/// and the causal feature is harder to read: to judge as one should on easy rows says little about
/// hard ones. See datasets/easy_to_hard.md.
class EasyToHard final : public GenerativeEnvironment {
 public:
  using Options = EasyToHardOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CoreAndCueOptions::schema())
            .field("train_hard", &Options::train_hard, "Share of hard rows in each train domain.",
                   between(0, 1))
            .field("test_hard", &Options::test_hard, "Share of hard rows in the test domain.",
                   between(0, 1))
            .field("easiest", &Options::easiest,
                   "Half the distance between the labels at difficulty 0, in standard deviations.",
                   between(0.1, 10))
            .field("hardest", &Options::hardest,
                   "Half the distance between the labels at difficulty 1, in standard deviations.",
                   between(0, 10))
            .field("easy_disagreement", &Options::easy_disagreement,
                   "P(cue disagrees with the label) on easy rows.", between(0, 1))
            .field("hard_disagreement", &Options::hard_disagreement,
                   "P(cue disagrees with the label) on hard rows.", between(0, 1))
            .preset("easy", {{"easiest", 3.0}, {"hardest", 1.0}, {"easy_disagreement", 0.1}})
            .preset("medium", {})
            .preset("hard", {{"train_hard", Value::List{0.0, 0.01}}, {"hard_disagreement", 0.8}});
    return schema;
  }

  EasyToHard(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context, ShiftDomains("easy_to_hard", options.train_hard, options.test_hard, 0.0, 1.0)),
        options_(std::move(options)),
        rows_(options_),
        law_{options_.easiest, options_.hardest, options_.easy_disagreement,
             options_.hard_disagreement} {
    if (options_.hardest > options_.easiest) {
      throw UsageError(fmt::format("'hardest' of easy_to_hard ({}) is above 'easiest' ({})",
                                   options_.hardest, options_.easiest));
    }
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    const double value = intervention.value;
    if (intervention.acts_only_on(kCue)) {
      return intervention.kind != Kind::set || value == 1.0 || value == -1.0;
    }
    // Easy (0) or hard (1), each row at its own place within the class.
    if (intervention.acts_only_on(kDifficulty)) {
      return intervention.kind == Kind::set && (value == 0.0 || value == 1.0);
    }
    return intervention.acts_only_on(kCore) && intervention.kind != Kind::set &&
           intervention.kind != Kind::resample;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return difficulty_ceilings(law_, domains_.shift(domain), domains_.train_shifts());
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    const RandomKey key = rows_key(domain, split);
    const double share = domains_.shift(domain);
    const std::vector<double> label = uniforms(key.child("label"), rows);
    const std::vector<double> class_draw = uniforms(key.child("class"), rows);
    const std::vector<double> place = uniforms(key.child("difficulty"), rows);
    const std::vector<double> cue_noise = uniforms(key.child("cue_noise"), rows);
    const std::vector<double> coin = uniforms(key.child("cue_coin"), rows);
    const double scale = std::sqrt(static_cast<double>(options_.core_dimensions));
    std::vector<int> y;
    std::vector<bool> hard;
    std::vector<double> mean;
    std::vector<double> cue;
    for (std::size_t i = 0; i < label.size(); ++i) {
      y.push_back(label[i] < 0.5 ? 1 : -1);
      hard.push_back(intervention.acts_on(kDifficulty) ? intervention.value == 1.0
                                                       : class_draw[i] < share);
      const double difficulty = 0.5 * ((hard[i] ? 1.0 : 0.0) + place[i]);
      mean.push_back(y[i] * distance_at(law_, difficulty) / scale);
      const double off = hard[i] ? options_.hard_disagreement : options_.easy_disagreement;
      int value = cue_noise[i] < off ? -y[i] : y[i];
      if (intervention.acts_on(kCue)) {
        value = intervened(value, y[i], coin[i] < 0.5 ? 1 : -1, intervention);
      }
      cue.push_back(value);
    }
    std::vector<float> core = rows_.core(key, rows, mean);
    if (intervention.acts_on(kCore)) rows_.turn(core, y, intervention);
    Sample sample = rows_.sample(key, rows, core, y, cue);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      sample.group.data_ptr<std::int64_t>()[i] =
          2 * (hard[at] ? 1 : 0) + (cue[at] == y[at] ? 1 : 0);
    }
    return sample;
  }

 private:
  static constexpr const char* kCue = "cue";
  static constexpr const char* kCore = "core";
  static constexpr const char* kDifficulty = "difficulty";

  void describe() {
    info_.title = "From easy rows to hard ones";
    info_.citation =
        "spurion; after Burns et al. 2023, \"Weak-to-Strong Generalization\", arXiv:2312.09390, "
        "and Hase et al. 2024, \"The Unreasonable Effectiveness of Easy Training Data for Hard "
        "Tasks\", arXiv:2401.06751";
    info_.mechanism = fmt::format(
        "y = -1 or +1, evenly; label = 1 if y = +1 else 0\n"
        "hard with probability e, the shift\n"
        "difficulty d = U(0, 1/2) for easy rows, U(1/2, 1) for hard ones\n"
        "core_j = y (({0}) (1 - d) + ({1}) d) / sqrt({2}) + N(0, 1), j = 1..{2}\n"
        "cue = y, negated with probability {3} on easy rows, {4} on hard ones\n"
        "x = (core, {5} cue, {6} coordinates of N(0, 1))",
        options_.easiest, options_.hardest, options_.core_dimensions, options_.easy_disagreement,
        options_.hard_disagreement, options_.amplitude, options_.noise_dimensions);
    info_.deviations = "The sources study language models; this environment is by spurion.";
    info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
    info_.task = Task::binary;
    info_.groups = 4;
    info_.input_shape = {rows_.dimensions()};
    info_.cue = kCue;
    info_.causal = kCore;
    info_.graph = {{{"label", Role::label, "a fair coin; y = -1 or +1"},
                    {kDifficulty, Role::hidden, "in [0, 1]; from 1/2 on a row is hard; not seen"},
                    {kCore, Role::causal, "an effect of y, the fainter the more difficult"},
                    {"core_noise", Role::noise, "standard normal"},
                    {kCue, Role::spurious, "y, negated rarely on easy rows and often on hard ones"},
                    {"cue_noise", Role::noise, "uniform"},
                    {"input", Role::observed, "core, cue, noise"}},
                   {{"label", kCore},
                    {kDifficulty, kCore},
                    {"core_noise", kCore},
                    {"label", kCue},
                    {kDifficulty, kCue},
                    {"cue_noise", kCue},
                    {kCore, "input"},
                    {kCue, "input"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "share of hard rows";
    info_.shift_axis.mixture = ShiftAxis::Mixture{Intervention::set(kDifficulty, 0.0),
                                                  Intervention::set(kDifficulty, 1.0)};
  }

  Options options_;
  CoreAndCue rows_;
  DifficultyLaw law_;
};

}  // namespace

void register_easy_to_hard(Catalog& catalog);
void register_easy_to_hard(Catalog& catalog) {
  catalog.environments.add<EasyToHard>(
      "easy_to_hard", "The cue holds on easy rows; the causal feature is noisy on hard rows.",
      "after Burns et al. 2023, arXiv:2312.09390");
}

}  // namespace spurion::environments
