#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/shared/numerics/linear_algebra.hpp"
#include "environments/simplicity_slabs/slabs.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

using environments::first_is_better;
using environments::intervened;
using environments::Matrix;
using environments::Slabs;
using Kind = Intervention::Kind;

struct SimplicitySlabsOptions {
  std::vector<double> train_shifts = {0.0};
  double test_shift = 0.5;
  std::int64_t slabs = 5;
  std::int64_t slab_coordinates = 4;
  double slab_margin = 0.1;
  std::int64_t cue_slabs = 2;
  double cue_margin = 0.1;
  double cue_noise = 0.0;
  double label_noise = 0.0;
  std::int64_t noise_dimensions = 5;
  bool rotated = false;
};

/// A simple cue beside a complex cause, both of which tell the label: Shah et al. 2020, "The
/// pitfalls of simplicity bias in neural networks". See datasets/simplicity_slabs.md.
class SimplicitySlabs final : public GenerativeEnvironment {
 public:
  using Options = SimplicitySlabsOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("train_shifts", &O::train_shifts,
                   "P(the cue disagrees with the label) in each train domain.", between(0, 1))
            .field("test_shift", &O::test_shift,
                   "P(the cue disagrees with the label) in the test domain.", between(0, 1))
            .field("slabs", &O::slabs, "Number of slabs of each causal coordinate: 3, 5 or 7.",
                   between(3, 7))
            .field("slab_coordinates", &O::slab_coordinates,
                   "Number of causal coordinates. Each alone determines the class of slabs.",
                   between(1, 1000))
            .field("slab_margin", &O::slab_margin,
                   "Half the distance between two slabs of a causal coordinate.", between(0, 0.49))
            .field("cue_slabs", &O::cue_slabs,
                   "Number of slabs of the cue coordinate: 2 (linear), 3, 5 or 7.", between(2, 7))
            .field("cue_margin", &O::cue_margin, "Half the distance between two slabs of the cue.",
                   between(0, 0.99))
            .field("cue_noise", &O::cue_noise,
                   "P(the cue coordinate is between the slabs and uninformative), in every domain.",
                   between(0, 1))
            .field("label_noise", &O::label_noise,
                   "P(the causal coordinates disagree with the label), in every domain.",
                   between(0, 0.5))
            .field("noise_dimensions", &O::noise_dimensions,
                   "Number of further coordinates, uniform on [-1, 1].", between(0, 10000))
            .field("rotated", &O::rotated, "Whether a random rotation is applied to x.")
            .preset("easy", {{"slabs", 3}, {"train_shifts", Value::List{0.1}}},
                    "the cue errs in a tenth of the training rows")
            .preset("medium", {}, "LMS-5")
            .preset("hard", {{"slabs", 7}, {"rotated", true}}, "LMS-7 without axes to read it on");
    return schema;
  }

  SimplicitySlabs(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(
            context, ShiftDomains("simplicity_slabs", options.train_shifts, options.test_shift)),
        options_(checked(std::move(options))),
        cause_(options_.slabs, options_.slab_margin),
        cue_(options_.cue_slabs, options_.cue_margin) {
    if (options_.rotated) {
      rotation_ = environments::random_rotation(key_.child("rotation"), dimensions());
    }
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    if (!intervention.acts_only_on(kCue) && !intervention.acts_only_on(kCausal)) return false;
    return intervention.kind != Kind::set || std::abs(intervention.value) == 1.0;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  static constexpr const char* kCue = "linear";
  static constexpr const char* kCausal = "slab";

  static Options checked(Options options) {
    const auto check = [](const char* name, std::int64_t slabs, const char* margin_name,
                          double margin) {
      if (!Slabs::possible(slabs)) {
        throw UsageError(fmt::format(
            "'{}' of simplicity_slabs is 3, 5 or 7, or 2 for the cue; got {}", name, slabs));
      }
      if (margin >= Slabs::widest_margin(slabs)) {
        throw UsageError(
            fmt::format("'{}' of simplicity_slabs is {}: it must be below {:.4g} to leave room for "
                        "{} slabs",
                        margin_name, margin, Slabs::widest_margin(slabs), slabs));
      }
    };
    check("slabs", options.slabs, "slab_margin", options.slab_margin);
    check("cue_slabs", options.cue_slabs, "cue_margin", options.cue_margin);
    return options;
  }

  [[nodiscard]] std::int64_t dimensions() const {
    return 1 + options_.slab_coordinates + options_.noise_dimensions;
  }

  /// What is seen of the cue: its side, or 0 where its coordinate lies in a gap.
  [[nodiscard]] double seen(int cue, int y, double shift) const {
    if (cue == 0) return options_.cue_noise;
    return (1.0 - options_.cue_noise) * (cue == y ? 1.0 - shift : shift);
  }
  [[nodiscard]] double caused(int slab, int y) const {
    return slab == y ? 1.0 - options_.label_noise : options_.label_noise;
  }
  void describe();

  Options options_;
  Slabs cause_;
  Slabs cue_;
  std::optional<Matrix> rotation_;
};

Ceilings SimplicitySlabs::ceilings(const Domain& domain) const {
  const double shift = domains_.shift(domain);
  const auto mean_over_train = [this](auto of_shift) {
    double sum = 0.0;
    for (const double shift : options_.train_shifts) sum += of_shift(shift);
    return sum / static_cast<double>(options_.train_shifts.size());
  };
  // What a guess that is +1 this often earns of the masses that +1 and -1 have here.
  const auto earned = [](double share, double plus, double minus) {
    return share * plus + (1.0 - share) * minus;
  };
  double bayes = 0.0;
  double cue_only = 0.0;
  double erm = 0.0;
  bool erm_known = true;
  for (const int cue : {-1, 0, 1}) {
    const double plus = 0.5 * seen(cue, 1, shift);
    const double minus = 0.5 * seen(cue, -1, shift);
    const double train_plus = mean_over_train([&](double shift) { return seen(cue, 1, shift); });
    const double train_minus = mean_over_train([&](double shift) { return seen(cue, -1, shift); });
    cue_only += earned(first_is_better(train_plus, train_minus), plus, minus);
    for (const int slab : {-1, 1}) {
      const double here_plus = plus * caused(slab, 1);
      const double here_minus = minus * caused(slab, -1);
      bayes += std::max(here_plus, here_minus);
      const double pooled_plus = train_plus * caused(slab, 1);
      const double pooled_minus = train_minus * caused(slab, -1);
      // What training never showed is the model's own to answer.
      if (pooled_plus + pooled_minus == 0.0 && here_plus + here_minus > 0.0) erm_known = false;
      erm += earned(first_is_better(pooled_plus, pooled_minus), here_plus, here_minus);
    }
  }
  Ceilings out;
  out.bayes = {bayes, Exactness::enumerated, 0.0};
  out.invariant = {1.0 - options_.label_noise, Exactness::closed_form, 0.0};
  out.spurious_only = {cue_only, Exactness::enumerated, 0.0};
  out.chance = 0.5;
  if (erm_known) out.population_erm = Ceiling{erm, Exactness::enumerated, 0.0};
  return out;
}

Sample SimplicitySlabs::generate(const Domain& domain, Split split, RowRange rows,
                                 const Intervention& intervention) const {
  const double shift = domains_.shift(domain);
  const RandomKey key = rows_key(domain, split);
  const auto uniforms = [&](const char* name, std::int64_t lanes) {
    std::vector<double> drawn(static_cast<std::size_t>(rows.count * lanes));
    RandomStream(key.child(name)).fill_uniform(rows.first, rows.count, lanes, drawn.data());
    return drawn;
  };
  // Lanes: label, causal noise, causal coin; cue: noise, coin, blur, which slab, where in it.
  const std::vector<double> labels = uniforms("label", 3);
  const std::vector<double> cues = uniforms("cue", 5);
  const std::vector<double> places = uniforms("slab", 2 * options_.slab_coordinates);
  const std::vector<double> noise = uniforms("noise", options_.noise_dimensions);
  const auto slabs = static_cast<std::size_t>(options_.slab_coordinates);
  const auto others = static_cast<std::size_t>(options_.noise_dimensions);
  const auto width = static_cast<std::size_t>(dimensions());

  Sample sample;
  sample.x = at::empty({rows.count, dimensions()}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  std::vector<double> row(width);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows.count); ++i) {
    const double* label = labels.data() + 3 * i;
    const double* cue_draw = cues.data() + 5 * i;
    const int y = label[0] < 0.5 ? 1 : -1;
    int slab = label[1] < options_.label_noise ? -y : y;
    if (intervention.acts_on(kCausal)) {
      slab = intervened(slab, y, label[2] < 0.5 ? 1 : -1, intervention);
    }
    int cue = cue_draw[0] < shift ? -y : y;
    if (intervention.acts_on(kCue)) {
      cue = intervened(cue, y, cue_draw[1] < 0.5 ? 1 : -1, intervention);
    }
    row[0] = cue_draw[2] < options_.cue_noise ? cue_.gap(cue_draw[3], cue_draw[4])
                                              : cue_.place(cue, cue_draw[3], cue_draw[4]);
    for (std::size_t j = 0; j < slabs; ++j) {
      const double* place = places.data() + 2 * (i * slabs + j);
      row[1 + j] = cause_.place(slab, place[0], place[1]);
    }
    for (std::size_t j = 0; j < others; ++j) {
      row[1 + slabs + j] = 2.0 * noise[i * others + j] - 1.0;
    }
    const environments::Vector x = rotation_ ? product(*rotation_, row) : row;
    auto* out = sample.x.data_ptr<float>() + i * width;
    std::transform(x.begin(), x.end(), out, [](double value) { return static_cast<float>(value); });
    const auto at = static_cast<std::int64_t>(i);
    sample.y.data_ptr<std::int64_t>()[at] = y > 0 ? 1 : 0;
    sample.causal.data_ptr<float>()[at] = static_cast<float>(slab);
    sample.spurious.data_ptr<float>()[at] = static_cast<float>(cue);
    sample.group.data_ptr<std::int64_t>()[at] = 2 * (y > 0 ? 1 : 0) + (cue == y ? 1 : 0);
  }
  return sample;
}

void SimplicitySlabs::describe() {
  const std::string cue_text = options_.cue_slabs == 2
                                   ? std::string("linear: left of the middle or right of it")
                                   : fmt::format("one of {} slabs", options_.cue_slabs);
  info_.title = options_.cue_slabs == 2
                    ? fmt::format("Simplicity bias: a linear cue and {} slabs", options_.slabs)
                    : fmt::format("Simplicity bias: {} slabs as the cue and {} slabs",
                                  options_.cue_slabs, options_.slabs);
  info_.citation =
      "Shah, Tamuly, Raghunathan, Jain, Netrapalli 2020, \"The Pitfalls of Simplicity Bias in "
      "Neural Networks\", arXiv:2006.07710";
  info_.mechanism = fmt::format(
      "y = -1 or +1, evenly; label = 1 if y = +1 else 0\n"
      "slab = y, negated with probability {}\n"
      "x_1 .. x_{} = uniform in one of the slabs of that class, {} slabs on [-1, 1], margin {}\n"
      "linear = y, negated with probability e\n"
      "x_0 = uniform in a slab of that class, {} slabs, margin {}; in a gap with probability {}\n"
      "x = {}(x_0, x_1, ..., {} coordinates uniform on [-1, 1])",
      options_.label_noise, options_.slab_coordinates, options_.slabs, options_.slab_margin,
      options_.cue_slabs, options_.cue_margin, options_.cue_noise, options_.rotated ? "R " : "",
      options_.noise_dimensions);
  info_.deviations =
      "Fewer coordinates than the source's 50; noise coordinates are uniform on "
      "[-1, 1]; rows are drawn independently instead of shuffling a fixed share of them; the "
      "source randomises a coordinate by permuting it among rows, here it is drawn anew.";
  Ceilings test = ceilings(test_domain());
  const double most = *std::max_element(options_.train_shifts.begin(), options_.train_shifts.end());
  // With a cue that never errs in training nothing but the model's taste decides, and it is known:
  // what has fewer slabs is followed.
  if (!test.population_erm && most == 0.0 && options_.cue_noise == 0.0 &&
      options_.cue_slabs < options_.slabs) {
    test.population_erm = test.spurious_only;
  }
  info_.misleads_erm = environments::claim_to_mislead(test);
  info_.task = Task::binary;
  info_.groups = 4;
  info_.input_shape = {dimensions()};
  info_.cue = kCue;
  info_.causal = kCausal;
  info_.graph = {
      {{"label", Role::label, "a fair coin; y = -1 or +1"},
       {"slab_noise", Role::noise, "1 with probability label_noise"},
       {kCausal, Role::causal, "which class of slabs: y, negated by noise; the same everywhere"},
       {kCue, Role::spurious, "y, negated with probability e; shown as " + cue_text},
       {"place", Role::noise, "which slab of the class and where in it; whether in a gap"},
       {"input", Role::observed, "the coordinates"}},
      {{"label", kCausal},
       {"slab_noise", kCausal},
       {"label", kCue},
       {kCausal, "input"},
       {kCue, "input"},
       {"place", "input"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = "P(the cue disagrees with the label); at 1/2 it is randomised";
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::align(kCue), Intervention::oppose(kCue)};
}

}  // namespace

void register_simplicity_slabs(Catalog& catalog);
void register_simplicity_slabs(Catalog& catalog) {
  catalog.environments.add<SimplicitySlabs>(
      "simplicity_slabs", "A linear cue beside slabs that also determine the label.",
      "Shah et al. 2020, arXiv:2006.07710");
}

}  // namespace spurion::environments
