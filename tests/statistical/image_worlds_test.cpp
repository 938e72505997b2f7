// The worlds made of a source's images: their ceilings against sampling, and what small models do
// in them. Glyphs, fixed seeds; tolerances stated.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "catch.hpp"
#include "spurion/run.hpp"
#include "statistical/estimates.hpp"
#include "unit/environments/image_worlds.hpp"

namespace spurion {
namespace {

using tests::check_share;
using tests::image_world;

constexpr std::int64_t kImages = 40000;

/// Shape, cue and label of the rows of a point of the shift.
struct Cells {
  std::vector<int> shape;
  std::vector<int> cue;
  std::vector<int> label;
};

Cells draw(const Value::Table& options, double shift, std::uint64_t seed) {
  const auto world = image_world("cue_images", options, seed);
  const Domain domain = world->at(shift);
  Cells cells;
  constexpr std::int64_t kChunk = 4000;
  for (std::int64_t first = 0; first < kImages; first += kChunk) {
    const Sample rows = world->sample(domain, Split::train, {first, kChunk});
    for (std::int64_t i = 0; i < kChunk; ++i) {
      cells.shape.push_back(static_cast<int>(rows.causal.data_ptr<float>()[i]));
      cells.cue.push_back(static_cast<int>(rows.spurious.data_ptr<float>()[i]));
      cells.label.push_back(static_cast<int>(rows.y.data_ptr<std::int64_t>()[i]));
    }
  }
  return cells;
}

/// The commonest label of each cell, learned from some rows and scored on others. `width` 1 reads
/// the first key only.
double score_of_majority(const Cells& in_training, const Cells& scored, bool shape, bool cue) {
  std::map<std::pair<int, int>, std::map<int, int>> counts;
  const auto key = [&](const Cells& cells, std::size_t i) {
    return std::pair{shape ? cells.shape[i] : 0, cue ? cells.cue[i] : 0};
  };
  for (std::size_t i = 0; i < in_training.label.size(); ++i)
    ++counts[key(in_training, i)][in_training.label[i]];
  std::int64_t right = 0;
  for (std::size_t i = 0; i < scored.label.size(); ++i) {
    const auto& of_cell = counts[key(scored, i)];
    const auto best =
        std::max_element(of_cell.begin(), of_cell.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    right += best != of_cell.end() && best->first == scored.label[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(scored.label.size());
}

/// Mean over seeds of a metric in the test domain.
double test_mean(const std::string& environment, const std::string& model, bool counterfactual,
                 const std::string& metric, std::int64_t steps) {
  const Catalog catalog = builtin_catalog();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = {}
model = {}
method = {{ name = "erm" }}
regime = {{ name = "offline", randomise_cue = {} }}
optimizer = {{ name = "adam", learning_rate = 0.003 }}
training = {{ steps = {}, rows = 4000, batch = 64 }}
evaluation = {{ rows = 1000, training_rows = 0 }}
)",
                                               environment, model, counterfactual, steps),
                                   "s.toml");
  double sum = 0.0;
  double count = 0.0;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *tests::shared_sources(), {})) {
    for (const TrialResult& result : run_pack(pack, catalog, tests::shared_sources())) {
      REQUIRE(result.status == Status::done);
      for (const Measurement& row : result.measurements) {
        if (row.domain != "test" || row.metric != metric) continue;
        sum += row.value;
        count += 1.0;
      }
    }
  }
  REQUIRE(count == 2.0);
  return sum / count;
}

}  // namespace

TEST_CASE("cue_images: predictors score what the ceilings say") {
  struct Setting {
    const char* classes;
    const char* follows;
    double noise;
    double usual;
  };
  // Each noise keeps the best answers of a cell apart by more than sampling can confuse.
  const Setting settings[] = {
      {"pairs", "shape", 0.2, 0.1}, {"pairs", "label", 0.25, 0.1}, {"all", "label", 0.4, 0.2}};
  for (const Setting& setting : settings) {
    const Value::Table options{{"classes", setting.classes},
                               {"follows", setting.follows},
                               {"label_noise", setting.noise},
                               {"train_shifts", Value::List{setting.usual}}};
    const auto world = image_world("cue_images", options);
    const Cells train = draw(options, setting.usual, 100);
    for (const double shift : {0.1, 0.5, 0.9}) {
      INFO(setting.classes << ", follows " << setting.follows << ", e = " << shift);
      const Ceilings ceilings = world->ceilings(world->at(shift));
      const Cells rows = draw(options, shift, 0);
      const Cells others = draw(options, shift, 200);
      check_share(score_of_majority(others, rows, true, false), ceilings.invariant.value, kImages);
      check_share(score_of_majority(others, rows, true, true), ceilings.bayes.value, kImages);
      check_share(score_of_majority(train, rows, false, true), ceilings.spurious_only.value,
                  kImages);
      check_share(score_of_majority(train, rows, true, true), ceilings.population_erm->value,
                  kImages);
    }
  }
}

// SpuCoMNIST's point: the shape is worth everything, the background is easier.
TEST_CASE("cue_images: ERM reads the background although the shape is worth more") {
  const char* world = R"({ name = "cue_images", source = "glyphs" })";
  const char* model = R"({ name = "mlp", width = 64 })";
  CHECK(test_mean(world, model, false, "confusion_index", 400) > 0.5);
  CHECK(test_mean(world, model, true, "confusion_index", 400) < 0.25);
}

// What a model answers where shape and cue disagree is its own bias: a hue is read by any weight, a
// direction of stripes of random phase by no linear map.
TEST_CASE("cue_conflict_images: a perceptron answers the colour and not the stripes") {
  const char* model = R"({ name = "mlp", width = 64 })";
  const auto shape_answers = [&](const char* cue) {
    return test_mean(
        fmt::format(R"({{ name = "cue_conflict_images", source = "glyphs", cue = "{}" }})", cue),
        model, false, "accuracy", 400);
  };
  const double colour = shape_answers("colour");
  const double texture = shape_answers("texture");
  CAPTURE(colour, texture);
  CHECK(colour < 0.3);
  CHECK(texture > colour + 0.3);
}

TEST_CASE("rotated_images: what is lost grows with the distance from the training angles") {
  const auto gap = [](double angle) {
    return test_mean(
        fmt::format(
            R"({{ name = "rotated_images", source = "glyphs", angles = [0, 15], test_angle = {} }})",
            angle),
        R"({ name = "mlp", width = 64 })", false, "gap", 400);
  };
  const double near = gap(30.0);
  const double far = gap(75.0);
  CAPTURE(near, far);
  CHECK(far > near + 0.1);
}

}  // namespace spurion
