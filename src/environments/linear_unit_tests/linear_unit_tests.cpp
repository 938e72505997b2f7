#include "environments/linear_unit_tests/linear_unit_tests.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "environments/linear_unit_tests/linear_unit_example_1.hpp"
#include "environments/linear_unit_tests/linear_unit_example_2.hpp"
#include "environments/linear_unit_tests/linear_unit_example_3.hpp"
#include "environments/shared/ceilings/ridge_equivalent.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::Matrix;
using environments::Members;
using environments::UnitTestRows;
using environments::UnitTestSizes;
using Kind = Intervention::Kind;

constexpr const char* kSpurious = "spurious";
constexpr const char* kInvariant = "invariant";

int number_of(const std::string& example) { return example.front() - '0'; }
bool scrambled(const std::string& example) { return example.back() == 's'; }

UnitTestSizes sizes_of(const LinearUnitTestsOptions& options) {
  return {options.invariant_dimensions, options.spurious_dimensions, options.domains};
}

/// The scrambled variant shares it: the same rows, shown differently.
RandomKey example_key(int number, std::uint64_t data_seed) {
  return RandomKey(data_seed).child("linear_unit_tests").child(static_cast<std::uint64_t>(number));
}

/// One part of a row before it is scrambled.
struct HiddenPart {
  const float* data;
  std::int64_t size;
};

/// out = (row_a, row_b) S, or (row_a, row_b) when S is empty. Row by row, so that a row has the
/// same bits whatever stands beside it.
void show(const HiddenPart& invariant, const HiddenPart& spurious, const Matrix& scramble,
          environments::Vector& scratch, float* out) {
  if (scramble.rows() == 0) {
    std::copy_n(invariant.data, invariant.size, out);
    std::copy_n(spurious.data, spurious.size, out + invariant.size);
    return;
  }
  std::fill(scratch.begin(), scratch.end(), 0.0);
  for (std::int64_t i = 0; i < scramble.rows(); ++i) {
    const auto value = static_cast<double>(i < invariant.size ? invariant.data[i]
                                                              : spurious.data[i - invariant.size]);
    const double* row = scramble.row(i);
    for (std::size_t j = 0; j < scratch.size(); ++j) scratch[j] += value * row[j];
  }
  std::transform(scratch.begin(), scratch.end(), out,
                 [](double value) { return static_cast<float>(value); });
}

}  // namespace

const Schema<LinearUnitTestsOptions>& LinearUnitTests::schema() {
  using O = Options;
  static const auto schema =
      Schema<O>()
          .field("example", &O::example,
                 "Example of the paper. 1: regression with different noise scales. 2: cows and "
                 "camels. 3: small invariant margin. With s: a random rotation of the inputs.",
                 one_of({"1", "2", "3", "1s", "2s", "3s"}))
          .field("invariant_dimensions", &O::invariant_dimensions,
                 "Dimension of the invariant block.", between(1, 100))
          .field("spurious_dimensions", &O::spurious_dimensions,
                 "Dimension of the spurious block. 0: no spurious block.", between(0, 100))
          .field("domains", &O::domains,
                 "Number of train domains. From the fourth on their constants are random.",
                 between(1, 100))
          .preset("easy", {{"spurious_dimensions", 1}})
          .preset("medium", {})
          .preset("hard", {{"spurious_dimensions", 20}});
  return schema;
}

LinearUnitTests::LinearUnitTests(const Options& options, const EnvironmentContext& context)
    : GenerativeEnvironment(
          context,
          ShiftDomains("linear_unit_tests",
                       std::vector<double>(static_cast<std::size_t>(options.domains), 0.0), 1.0)),
      sizes_(sizes_of(options)) {
  key_ = example_key(number_of(options.example), context.data_seed);
  example_ = make_linear_unit_example(number_of(options.example), sizes_, key_.child("world"));
  describe(options);
  if (scrambled(options.example)) {
    scramble_ =
        environments::random_rotation(key_.child("scramble"), sizes_.invariant + sizes_.spurious);
  }
}

void LinearUnitTests::describe(const Options& options) {
  info_.title = fmt::format("Linear unit test {}", options.example);
  info_.citation = "Aubin, Slowik, Arjovsky, Bottou, Lopez-Paz 2021, arXiv:2102.10867";
  info_.mechanism = example_->mechanism() + "\ninput = (x, z)" +
                    (scrambled(options.example) ? " S, S a random rotation" : "") +
                    "\nwith probability e, z is an independent draw from its marginal";
  info_.deviations =
      "The source breaks the link by permuting the spurious block among the rows of a domain; here "
      "each row draws it anew from its marginal.";
  info_.deviations +=
      number_of(options.example) == 3
          ? " Of two rows that follow each other one has each label, where the source "
            "has a half of zeros before a half of ones."
          : "";
  info_.task = example_->task();
  info_.outputs = 1;
  info_.groups = info_.task == Task::binary ? 4 : 0;
  info_.input_shape = {options.invariant_dimensions + options.spurious_dimensions};
  info_.cue = kSpurious;
  info_.causal = kInvariant;
  info_.graph = example_->graph();
  info_.shift_axis.name = "e";
  info_.shift_axis.doc =
      "share of rows whose spurious block is an independent draw from its marginal";
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::none(), Intervention::resample(kSpurious)};
}

std::vector<Domain> LinearUnitTests::train_domains() const {
  std::vector<Domain> domains = domains_.train();
  for (std::size_t d = 0; d < domains.size(); ++d) {
    domains[d].parameters = {static_cast<double>(d)};
  }
  return domains;
}

bool LinearUnitTests::supports(const Intervention& intervention) const {
  return intervention.kind == Kind::none ||
         (intervention.kind == Kind::resample && intervention.acts_only_on(kSpurious));
}

Members LinearUnitTests::members_of(const Domain& domain) const {
  (void)domains_.shift(domain);  // along the shift curve
  Members members(static_cast<std::size_t>(sizes_.domains));
  std::iota(members.begin(), members.end(), std::int64_t{0});
  if (domain.parameters.empty()) return members;
  Members chosen;
  for (const double parameter : domain.parameters) {
    const auto found = std::find_if(members.begin(), members.end(), [parameter](std::int64_t d) {
      return static_cast<double>(d) == parameter;
    });
    if (found == members.end()) {
      throw UsageError(
          fmt::format("domain '{}' of linear_unit_tests names train domain {}; there "
                      "are {}",
                      domain.name, parameter, sizes_.domains));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

Ceilings LinearUnitTests::ceilings(const Domain& domain) const {
  return example_->ceilings(members_of(domain), domain.shift);
}

std::optional<Theory> LinearUnitTests::theory(const TheoryRequest& request,
                                              const std::vector<Domain>& domains) const {
  // A rotation of the inputs changes nothing for weights with a squared norm, but it does for
  // features.
  if (request.form == TheoryRequest::Form::fixed_features && scramble_.rows() > 0) return {};
  RidgeDomains known;
  for (const Domain& domain : train_domains()) {
    std::optional<Moments> moments = example_->moments_in(members_of(domain), domain.shift);
    if (!moments) return {};
    known.train.push_back(std::move(*moments));
  }
  for (const Domain& domain : domains) {
    known.where.push_back(*example_->moments_in(members_of(domain), domain.shift));
  }
  return ridge_theory(request, known);
}

Sample LinearUnitTests::generate(const Domain& domain, Split split, RowRange rows,
                                 const Intervention& intervention) const {
  const Members members = members_of(domain);
  const RandomKey noise = rows_key(domain, split);
  UnitTestRows drawn =
      example_->draw(noise.child("row"), rows, members, environments::LabelCounts::exact);

  // The rows' uniforms are shared along the shift curve: raising e only ever breaks more of them.
  // What breaks a row there and what an intervention puts in place of an unbroken one is the same
  // draw, so the curve from twins meets the shift at both ends; a row already broken gets yet
  // another.
  const bool intervene = intervention.kind == Kind::resample;
  std::vector<double> breaks(static_cast<std::size_t>(rows.count));
  RandomStream(noise.child("breaks")).fill_uniform(rows.first, rows.count, 1, breaks.data());
  const auto replace = [&](bool where_broken, const char* name) {
    const UnitTestRows other =
        example_->draw(noise.child(name), rows, members, environments::LabelCounts::random);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      if ((breaks[static_cast<std::size_t>(i)] < domain.shift) != where_broken) continue;
      std::copy_n(other.spurious.data() + i * sizes_.spurious, sizes_.spurious,
                  drawn.spurious.data() + i * sizes_.spurious);
      drawn.cue[static_cast<std::size_t>(i)] = other.cue[static_cast<std::size_t>(i)];
    }
  };
  if (domain.shift > 0.0) replace(true, intervene ? "second_draw" : "first_draw");
  if (intervene && domain.shift < 1.0) replace(false, "first_draw");

  Sample sample;
  const bool binary = info_.task == Task::binary;
  const std::int64_t width = sizes_.invariant + sizes_.spurious;
  sample.x = at::empty({rows.count, width}, at::kFloat);
  sample.y = at::empty({rows.count}, binary ? at::kLong : at::kFloat);
  sample.causal = at::empty({rows.count, sizes_.invariant}, at::kFloat);
  sample.spurious = at::empty({rows.count, sizes_.spurious}, at::kFloat);
  std::copy(drawn.invariant.begin(), drawn.invariant.end(), sample.causal.data_ptr<float>());
  std::copy(drawn.spurious.begin(), drawn.spurious.end(), sample.spurious.data_ptr<float>());
  auto* x = sample.x.data_ptr<float>();
  environments::Vector scratch(static_cast<std::size_t>(width));
  for (std::int64_t i = 0; i < rows.count; ++i) {
    show({drawn.invariant.data() + i * sizes_.invariant, sizes_.invariant},
         {drawn.spurious.data() + i * sizes_.spurious, sizes_.spurious}, scramble_, scratch,
         x + i * width);
  }
  if (!binary) {
    std::copy(drawn.label.begin(), drawn.label.end(), sample.y.data_ptr<float>());
    return sample;
  }
  sample.group = at::empty({rows.count}, at::kLong);
  auto* y = sample.y.data_ptr<std::int64_t>();
  auto* group = sample.group.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < drawn.label.size(); ++i) {
    y[i] = drawn.label[i] > 0.5F ? 1 : 0;
    group[i] = 2 * y[i] + (drawn.cue[i] == y[i] ? 1 : 0);
  }
  return sample;
}

std::unique_ptr<const LinearUnitExample> make_linear_unit_example(int number,
                                                                  const UnitTestSizes& sizes,
                                                                  const RandomKey& key) {
  switch (number) {
    case 1:
      return std::make_unique<LinearUnitExample1>(sizes, key);
    case 2:
      return std::make_unique<LinearUnitExample2>(sizes, key);
    case 3:
      return std::make_unique<LinearUnitExample3>(sizes, key);
    default:
      throw LogicError(fmt::format("there is no linear unit test {}", number));
  }
}

Example1Population example1_population(const LinearUnitTestsOptions& options,
                                       std::uint64_t data_seed) {
  const environments::LinearUnitExample1 example(sizes_of(options),
                                                 example_key(1, data_seed).child("world"));
  Example1Population out;
  out.weights = example.erm_weights();
  for (std::int64_t d = 0; d < options.domains; ++d) {
    out.in_distribution.push_back(squared_error(example.moments(d), out.weights));
    out.test.push_back(squared_error(example.shifted_moments(d), out.weights));
    out.invariant.push_back(example.ceilings({d}, 1.0).invariant.value);
  }
  return out;
}

void register_linear_unit_tests(Catalog& catalog);
void register_linear_unit_tests(Catalog& catalog) {
  catalog.environments.add<LinearUnitTests>(
      "linear_unit_tests", "Six small linear problems, each with a cue that fails at test time.",
      "Aubin et al. 2021, arXiv:2102.10867");
}

}  // namespace spurion::environments
