#include <ATen/ATen.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include "catch.hpp"
#include "data/data_directory.hpp"
#include "environments/shared/images/image_split.hpp"
#include "spurion/error.hpp"
#include "unit/environments/coloured_images_world.hpp"
#include "unit/environments/splits.hpp"

namespace spurion {
namespace {

constexpr environments::ImageCounts kCounts{60000, 10000};

using environments::ImageProtocol;
using environments::ImageRows;
using environments::ImageSplit;
using tests::coloured_images;
using tests::differs;
using tests::kTest;
using tests::kTrain;
using tests::same_rows;
using tests::shared_sources;

struct ImageFiles {
  const ImagePool& training;
  const ImagePool* test;  ///< null where a domain shows no image of it
};

/// Compares every row of a sample with the pixels of the image it must show.
void check_pictures(const Sample& sample, const ImageFiles& files, const ImageRows& images,
                    std::int64_t first, std::int64_t side) {
  const ImagePool& training = files.training;
  const ImagePool* test = files.test;
  const std::int64_t step = 28 / side;
  for (std::int64_t row = 0; row < sample.y.size(0); ++row) {
    const std::int64_t image = images[first + row];
    const ImagePool& pool = image < training.count ? training : *test;
    const std::int64_t index = image < training.count ? image : image - training.count;
    const auto* data = pool.pixels.data() + index * 784;
    const Tensor picture = at::empty({28, 28}, at::kFloat);
    for (std::int64_t i = 0; i < 784; ++i) {
      picture.data_ptr<float>()[i] = static_cast<float>(data[i]) / 255.0F;
    }
    const Tensor expected = picture.slice(0, 0, 28, step).slice(1, 0, 28, step);
    const auto colour = sample.spurious[row].item<std::int64_t>();
    REQUIRE(at::equal(sample.x[row][colour], expected));
    REQUIRE(sample.x[row][1 - colour].count_nonzero().item<std::int64_t>() == 0);
    const int half = pool.labels[static_cast<std::size_t>(index)] < 5 ? 1 : 0;
    REQUIRE(sample.causal[row].item<int>() == half);
  }
}

TEST_CASE("coloured_images describes itself") {
  const auto world = coloured_images();
  const EnvironmentInfo& info = world->info();
  CHECK(info.graph.defect().empty());
  CHECK(info.task == Task::binary);
  CHECK(info.groups == 4);
  CHECK(info.input_shape == Shape{2, 14, 14});
  CHECK(coloured_images({{"resolution", 28}})->info().input_shape == Shape{2, 28, 28});
  CHECK(info.shift_axis.points.size() == 11);
  REQUIRE(info.shift_axis.mixture.has_value());

  const auto domains = world->train_domains();
  REQUIRE(domains.size() == 2);
  CHECK(domains[0].shift == 0.2);
  CHECK(domains[1].shift == 0.1);
  CHECK(domains[0].key != domains[1].key);
  CHECK(world->test_domain().shift == 0.9);
  CHECK(world->at(0.3).name == "shift=0.3");
}

TEST_CASE("Rows show the images the split deals out") {
  const auto sources = shared_sources();
  const auto training = sources->images("glyphs", true);
  const auto test = sources->images("glyphs", false);
  const RandomKey key = RandomKey(3).child("coloured_images");

  SECTION("14 x 14, IRM's split") {
    const auto world = coloured_images({}, 3);
    const ImageSplit split(ImageProtocol::irm, kCounts, key, 2);
    for (std::int64_t d = 0; d < 2; ++d) {
      const Domain domain = world->train_domains()[static_cast<std::size_t>(d)];
      check_pictures(world->sample(domain, kTrain, {24900, 100}), {*training, nullptr},
                     split.rows(d, domain.key, kTrain), 24900, 14);
    }
    const Domain shifted = world->test_domain();
    const Sample sample = world->sample(shifted, kTest, {0, 200});
    check_pictures(sample, {*training, nullptr}, split.rows(-1, shifted.key, kTest), 0, 14);
    for (std::int64_t row = 0; row < 200; ++row) {
      const int half = training->labels[static_cast<std::size_t>(50000 + row)] < 5 ? 1 : 0;
      REQUIRE(sample.causal[row].item<int>() == half);
    }
  }
  SECTION("28 x 28, DomainBed's split") {
    const auto world = coloured_images({{"resolution", 28}, {"protocol", "domainbed"}}, 3);
    const ImageSplit split(ImageProtocol::domainbed, kCounts, key, 2);
    const Domain domain = world->train_domains()[1];
    check_pictures(world->sample(domain, kTrain, {0, 100}), {*training, test.get()},
                   split.rows(1, domain.key, kTrain), 0, 28);
    check_pictures(world->sample(world->at(0.4), kTest, {50, 100}), {*training, test.get()},
                   split.rows(-1, "dial", kTest), 50, 28);
  }
}

TEST_CASE("Labels, colours and groups fit together") {
  const auto world = coloured_images();
  const Sample sample = world->sample(world->test_domain(), kTest, {0, 2000});
  CHECK(sample.x.sizes() == at::IntArrayRef({2000, 2, 14, 14}));
  CHECK(sample.y.scalar_type() == at::kLong);
  CHECK(sample.causal.sizes() == at::IntArrayRef({2000, 1}));
  const Tensor colour = sample.spurious.squeeze(1).to(at::kLong);
  CHECK(at::equal(sample.group, 2 * sample.y + colour));
  CHECK(differs(sample.y, sample.causal).sum().item<int>() > 0);
}

TEST_CASE("Row i does not depend on how many rows are asked for, nor on the instance") {
  const auto world = coloured_images({}, 7);
  const auto again = coloured_images({}, 7);
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    for (const Domain& domain : {world->train_domains()[0], world->test_domain()}) {
      const Sample all = world->sample(domain, split, {0, 300});
      const Sample part = again->sample(domain, split, {100, 50});
      const auto cut = [](const Tensor& t) { return t.slice(0, 100, 150); };
      CHECK(same_rows(
          part, {cut(all.x), cut(all.y), cut(all.causal), cut(all.spurious), cut(all.group)}));
    }
  }
  CHECK_FALSE(same_rows(world->sample(world->test_domain(), kTest, {0, 100}),
                        coloured_images({}, 8)->sample(world->test_domain(), kTest, {0, 100})));
  CHECK(world->sample(world->test_domain(), kTest, {0, 0}).y.size(0) == 0);
}

TEST_CASE("Domains and splits have noise of their own") {
  const auto world = coloured_images();
  const auto noise = [&](const Domain& domain, Split split) {
    const Sample sample = world->sample(domain, split, {0, 1000});
    return differs(sample.y, sample.causal);
  };
  const Tensor dial = noise(world->at(0.9), kTest);
  CHECK_FALSE(at::equal(dial, noise(world->test_domain(), kTest)));
  CHECK_FALSE(at::equal(dial, noise(world->at(0.9), Split::validation)));
  CHECK_FALSE(
      at::equal(noise(world->train_domains()[0], kTest), noise(world->train_domains()[1], kTest)));
  // A phase of a stream is a domain with a key of its own.
  Domain phase = world->at(0.9);
  phase.key = "phase_1";
  CHECK_FALSE(at::equal(dial, noise(phase, kTest)));
}

TEST_CASE("Twins under interventions on the colour differ in colour alone") {
  const auto world = coloured_images();
  const Domain domain = world->at(0.3);
  const RowRange rows{10, 500};
  const Sample base = world->sample(domain, kTest, rows);
  const auto twin = [&](const Intervention& intervention) {
    const Sample other = world->sample(domain, kTest, rows, intervention);
    CHECK(at::equal(other.y, base.y));
    CHECK(at::equal(other.causal, base.causal));
    CHECK(at::equal(other.x.sum(1), base.x.sum(1)));
    return other;
  };
  const Tensor label = base.y.to(at::kFloat).unsqueeze(1);
  const Sample flipped = twin(Intervention::flip("colour"));
  CHECK(at::equal(flipped.spurious, 1 - base.spurious));
  CHECK(at::equal(flipped.x, base.x.flip({1})));
  CHECK(at::equal(twin(Intervention::align("colour")).spurious, label));
  CHECK(at::equal(twin(Intervention::oppose("colour")).spurious, 1 - label));
  CHECK(at::equal(twin(Intervention::set("colour", 1)).spurious, at::ones({500, 1})));
  CHECK(at::equal(twin(Intervention::set("colour", 0)).spurious, at::zeros({500, 1})));
  const Tensor drawn = twin(Intervention::resample("colour")).spurious;
  CHECK(drawn.mean().item<double>() == Approx(0.5).margin(0.1));
  CHECK(differs(drawn, base.spurious).sum().item<int>() > 150);
  CHECK(same_rows(twin(Intervention::none()), base));
}

TEST_CASE("Along the dial only colours turn, each row once") {
  const auto world = coloured_images();
  const auto at_shift = [&](double shift) {
    return world->sample(world->at(shift), kTest, {0, 1000});
  };
  const Sample zero = at_shift(0);
  Tensor before = differs(zero.spurious, zero.y);
  CHECK(before.sum().item<int>() == 0);
  for (const double shift : {0.1, 0.25, 0.5, 0.9, 1.0}) {
    const Sample now = at_shift(shift);
    CHECK(at::equal(now.y, zero.y));
    CHECK(at::equal(now.x.sum(1), zero.x.sum(1)));
    const Tensor after = differs(now.spurious, now.y);
    CHECK((after - before).min().item<int>() >= 0);
    CHECK(after.to(at::kDouble).mean().item<double>() == Approx(shift).margin(0.07));
    before = after;
  }
  const auto mixture = *world->info().shift_axis.mixture;
  for (const double shift : {0.0, 0.6}) {
    const Domain domain = world->at(shift);
    CHECK(same_rows(world->sample(domain, kTest, {0, 1000}, mixture.at_zero), at_shift(0)));
    CHECK(same_rows(world->sample(domain, kTest, {0, 1000}, mixture.at_one), at_shift(1)));
  }
}

TEST_CASE("Interventions on the shape carry label and colour along with the row's noise") {
  const auto world = coloured_images();
  const RowRange rows{0, 500};
  for (const Domain& domain : {world->at(0.3), world->train_domains()[0]}) {
    for (const Split split : {kTrain, kTest}) {
      const Sample base = world->sample(domain, split, rows);
      const auto same_noise = [&](const Sample& twin) {
        CHECK(at::equal(differs(twin.y, twin.causal), differs(base.y, base.causal)));
        CHECK(at::equal(differs(twin.spurious, twin.y), differs(base.spurious, base.y)));
      };
      const Sample flipped = world->sample(domain, split, rows, Intervention::flip("shape"));
      CHECK(at::equal(flipped.causal, 1 - base.causal));
      CHECK(at::equal(flipped.y, 1 - base.y));
      same_noise(flipped);

      const Sample set = world->sample(domain, split, rows, Intervention::set("shape", 1));
      CHECK(at::equal(set.causal, at::ones({500, 1})));
      same_noise(set);
      // Where nothing had to change, nothing did.
      const Tensor kept = base.causal.squeeze(1).eq(1);
      CHECK(at::equal(set.x.index({kept}), base.x.index({kept})));

      same_noise(world->sample(domain, split, rows, Intervention::resample("shape")));
    }
  }
}

TEST_CASE("Unsupported interventions and rows beyond the pool are refused") {
  const auto world = coloured_images();
  CHECK_FALSE(world->supports(Intervention::align("shape")));
  CHECK_FALSE(world->supports(Intervention::oppose("shape")));
  CHECK_FALSE(world->supports(Intervention::set("colour", 0.5)));
  CHECK_FALSE(world->supports(Intervention::flip("label")));
  CHECK(world->supports(Intervention::none()));

  const Domain train = world->train_domains()[0];
  CHECK(world->row_limit(train, kTrain) == 25000);
  CHECK(world->row_limit(train, kTest) == 10000);
  CHECK(world->row_limit(world->test_domain(), kTrain) == 50000);
  CHECK_NOTHROW(world->sample(train, kTrain, {24999, 1}));
  CHECK_THROWS_AS(world->sample(train, kTrain, {24999, 2}), UsageError);
  CHECK_THROWS_AS(world->sample(train, kTrain, {0, 10}, Intervention::flip("label")), UsageError);

  const auto domainbed = coloured_images({{"protocol", "domainbed"}});
  CHECK(domainbed->row_limit(train, kTrain) == 18667);
  CHECK(domainbed->row_limit(domainbed->test_domain(), kTest) == 4666);

  CHECK_THROWS_AS(world->at(1.01), UsageError);
  CHECK_THROWS_AS(world->at(-0.01), UsageError);
  CHECK_THROWS_AS(world->at(std::numeric_limits<double>::quiet_NaN()), UsageError);
  Domain beyond = train;
  beyond.shift = 2;
  CHECK_THROWS_AS(world->sample(beyond, kTrain, {0, 1}), UsageError);
}

TEST_CASE("Options out of range are refused") {
  const auto bad = [](Value::Table options) {
    CHECK_THROWS_AS(coloured_images(std::move(options)), UsageError);
  };
  bad({{"resolution", 20}});
  bad({{"label_noise", 1.5}});
  bad({{"train_shifts", Value::List{}}});
  bad({{"train_shifts", Value::List{0.1, 1.5}}});
  bad({{"train_shifts", Value::List(101, Value(0.1))}});
  bad({{"source", "cifar"}});
  bad({{"protocol", "half"}});
  CHECK(coloured_images({{"train_shifts", Value::List(100, Value(0.1))}})->train_domains().size() ==
        100);
}

TEST_CASE("Missing images: the error names source, folder and command") {
  const std::filesystem::path nowhere = std::filesystem::temp_directory_path() / "spurion_no_data";
  const auto sources = std::make_shared<const DataSources>(nowhere);
  try {
    coloured_images({{"source", "fashion_mnist"}}, 0, sources);
    FAIL("no error");
  } catch (const DataError& error) {
    const std::string message = error.what();
    CHECK(message.find("fashion_mnist") != std::string::npos);
    CHECK(message.find((nowhere / "fashion_mnist").string()) != std::string::npos);
    CHECK(message.find("datasets/install.sh fashion_mnist") != std::string::npos);
  }
}

TEST_CASE("Ceilings at the paper's settings") {
  const auto world = coloured_images();
  const auto at_shift = [&](double shift) { return world->ceilings(world->at(shift)); };
  CHECK(world->ceilings(world->train_domains()[0]).bayes.value == Approx(0.8));
  CHECK(world->ceilings(world->train_domains()[1]).bayes.value == Approx(0.9));
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.bayes.value == Approx(0.9));
  CHECK(test.invariant.value == Approx(0.75));
  CHECK(test.spurious_only.value == Approx(0.1));
  CHECK(test.chance == 0.5);
  REQUIRE(test.population_erm.has_value());
  CHECK(test.population_erm->value == Approx(0.1));
  CHECK(at_shift(0.5).bayes.value == Approx(0.75));
  CHECK(at_shift(0.25).bayes.value == Approx(0.75));
}

TEST_CASE("Ceilings elsewhere") {
  const auto at_shift = [](Value::Table options, double shift) {
    const auto world = coloured_images(std::move(options));
    return world->ceilings(world->at(shift));
  };
  SECTION("a cue weaker than the shape: pooled training follows the shape") {
    const Ceilings c = at_shift({{"label_noise", 0.1}}, 0.9);
    CHECK(c.population_erm->value == Approx(0.9));
    CHECK(c.spurious_only.value == Approx(0.1));
    CHECK(c.bayes.value == Approx(0.9));
  }
  SECTION("a cue that mostly disagrees in training is read the other way round") {
    const Ceilings c = at_shift({{"train_shifts", Value::List{0.9, 0.8}}}, 0.9);
    CHECK(c.spurious_only.value == Approx(0.9));
    CHECK(c.population_erm->value == Approx(0.9));
  }
  SECTION("a cue that says nothing in training") {
    const Ceilings c = at_shift({{"train_shifts", Value::List{0.5}}}, 0.9);
    CHECK(c.spurious_only.value == Approx(0.5));
    CHECK(c.population_erm->value == Approx(0.75));
  }
  SECTION("labels that mostly oppose the shape") {
    const Ceilings c = at_shift({{"label_noise", 0.7}}, 0.5);
    CHECK(c.invariant.value == Approx(0.7));
    CHECK(c.bayes.value == Approx(0.7));
  }
}

TEST_CASE("Real images: rows show the files' pixels") {
  const auto status = data::source_status(
      "fashion_mnist", shared_sources()->image_source("fashion_mnist"), data::data_directory());
  if (!status.installed) {
    WARN("Fashion-MNIST is not installed: " + status.install_command);
    return;
  }
  const auto sources = shared_sources();
  const auto training = sources->images("fashion_mnist", true);
  const auto test = sources->images("fashion_mnist", false);
  CHECK(training->count == 60000);
  CHECK(test->count == 10000);
  const auto world = coloured_images({{"source", "fashion_mnist"}}, 1);
  const ImageSplit split(ImageProtocol::irm, kCounts, RandomKey(1).child("coloured_images"), 2);
  const Domain train = world->train_domains()[0];
  check_pictures(world->sample(train, kTrain, {0, 200}), {*training, nullptr},
                 split.rows(0, train.key, kTrain), 0, 14);
  check_pictures(world->sample(world->test_domain(), kTest, {0, 200}), {*training, nullptr},
                 split.rows(-1, "test", kTest), 0, 14);
}

}  // namespace
}  // namespace spurion
