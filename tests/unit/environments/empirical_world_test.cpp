#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <set>

#include "catch.hpp"
#include "data/npy.hpp"
#include "spurion/catalog.hpp"
#include "temporary_folder.hpp"
#include "unit/environments/file_worlds.hpp"

using namespace spurion;
using Catch::Contains;
using tests::make;

namespace {

/// A world of the rows of this CSV text.
class Csv {
 public:
  std::unique_ptr<Environment> make(const std::string& text, Value::Table given = {}) const {
    const auto file = folder_.path() / "t.csv";
    std::ofstream(file) << text;
    given["file"] = file.string();
    return ::make("table", given);
  }

 private:
  tests::TemporaryFolder folder_;
};

/// Rows "cue,causal,label,domain,v" so that each domain has rows of each split.
std::string rows(int count, const std::string& domains = "test,a") {
  std::string text = "v,causal,spurious,label,domain\n";
  const std::string first = domains.substr(0, domains.find(','));
  const std::string second = domains.substr(domains.find(',') + 1);
  for (int i = 0; i < count; ++i) {
    text += fmt::format("{},{},{},{},{}\n", i, i % 2, (i / 2) % 2, i % 4 == 3 ? 0 : i % 2,
                        (i / 4) % 2 == 0 ? first : second);
  }
  return text;
}

constexpr Split kSplits[] = {Split::train, Split::validation, Split::test};

}  // namespace

TEST_CASE("every recorded row belongs to one domain and one split") {
  const auto world = make("table", {});
  std::vector<Domain> domains = world->train_domains();
  domains.push_back(world->test_domain());
  REQUIRE(domains.size() == 3);
  std::set<std::vector<float>> seen;
  std::int64_t total = 0;
  for (const Domain& domain : domains) {
    for (const Split split : kSplits) {
      const std::int64_t limit = world->row_limit(domain, split);
      const Sample sample = world->sample(domain, split, {0, limit});
      for (std::int64_t i = 0; i < limit; ++i) {
        const float* x = sample.x.data_ptr<float>() + i * sample.x.size(1);
        seen.emplace(x, x + sample.x.size(1));
      }
      total += limit;
    }
  }
  CHECK(total == 900);
  CHECK(seen.size() == 900);
}

TEST_CASE(
    "the split follows the data seed; rows added to a file leave the others where they were") {
  const Csv csv;
  const auto small = csv.make(rows(400));
  const auto large = csv.make(rows(480));
  std::set<float> kept;
  for (const auto* world : {small.get(), large.get()}) {
    std::set<float> found;
    const Domain domain = world->train_domains().front();
    const std::int64_t limit = world->row_limit(domain, Split::test);
    const Tensor x = world->sample(domain, Split::test, {0, limit}).x;
    for (std::int64_t i = 0; i < limit; ++i) found.insert(x[i][0].item<float>());
    if (kept.empty()) {
      kept = found;
    } else {
      for (const float value : kept) CHECK(found.count(value) == 1);
    }
  }
}

TEST_CASE("empirical ceilings are the frequencies of all rows of a domain") {
  const auto world = make("table", {});
  const Domain domain = world->test_domain();
  double invariant = 0.0;
  double cue = 0.0;
  double all = 0.0;
  for (const Split split : kSplits) {
    const Sample s = world->sample(domain, split, {0, world->row_limit(domain, split)});
    for (std::int64_t i = 0; i < s.y.size(0); ++i) {
      const auto label = static_cast<float>(s.y[i].item<std::int64_t>());
      invariant += s.causal[i][0].item<float>() == label ? 1.0 : 0.0;
      cue += s.spurious[i][0].item<float>() == label ? 1.0 : 0.0;
      all += 1.0;
    }
  }
  const Ceilings ceilings = world->ceilings(domain);
  CHECK(ceilings.invariant.value == Approx(invariant / all));
  CHECK(ceilings.spurious_only.value == Approx(cue / all));
  CHECK(ceilings.invariant.exactness == Exactness::empirical);
  CHECK(ceilings.invariant.value == Approx(0.85).margin(0.03));
  CHECK(ceilings.spurious_only.value == Approx(0.1).margin(0.03));
  CHECK(domain.shift == Approx(1.0 - cue / all));
  // Along the shift the cue is right as often as the shift says, exactly.
  for (const double shift : {0.0, 0.3, 1.0}) {
    CHECK(world->ceilings(world->at(shift)).spurious_only.value == Approx(1.0 - shift));
  }
}

TEST_CASE("rows drawn along the dial disagree as often as it says, and the ceilings are theirs") {
  const auto world = make("table", {}, 5);
  for (const double shift : {0.2, 0.8}) {
    const Domain domain = world->at(shift);
    double against = 0.0;
    double causal = 0.0;
    const std::int64_t limit = world->row_limit(domain, Split::train);
    const Sample s = world->sample(domain, Split::train, {0, limit});
    for (std::int64_t i = 0; i < limit; ++i) {
      const auto label = static_cast<float>(s.y[i].item<std::int64_t>());
      against += s.spurious[i][0].item<float>() == label ? 0.0 : 1.0;
      causal += s.causal[i][0].item<float>() == label ? 1.0 : 0.0;
    }
    const auto n = static_cast<double>(limit);
    CHECK(against / n == Approx(shift).margin(4.0 * std::sqrt(0.16 / n)));
    // Drawn from the rows to train on, which are a sample of all rows of the file: two errors.
    CHECK(causal / n ==
          Approx(world->ceilings(domain).invariant.value).margin(4.0 * std::sqrt(2.0 * 0.13 / n)));
  }
}

TEST_CASE("twins change the cue's column and nothing else") {
  const auto world = make("table", {});
  const Domain domain = world->train_domains().front();
  const Sample own = world->sample(domain, Split::test, {0, 40});
  const Sample twin = world->sample(domain, Split::test, {0, 40}, Intervention::flip("spurious"));
  const std::int64_t cue = own.x.size(1) - 1;  // the last input of the example
  CHECK(own.x.narrow(1, 0, cue).equal(twin.x.narrow(1, 0, cue)));
  CHECK(own.x.select(1, cue).equal(1 - twin.x.select(1, cue)));
  CHECK(own.y.equal(twin.y));
  CHECK(twin.spurious.select(1, 0).equal(twin.x.select(1, cue)));
  // A cue that the model does not see has no twins.
  const auto blind = make("table", {{"inputs", Value::List{Value("reading_*"), Value("noise")}}});
  CHECK_FALSE(blind->supports(Intervention::flip("spurious")));
  CHECK(blind->info().input_shape == Shape{4});
}

TEST_CASE("twins of images show the other cue") {
  const auto world = make("images", {});
  CHECK(world->info().input_shape == Shape{1, 8, 8});
  const Domain domain = world->test_domain();
  const Sample own = world->sample(domain, Split::test, {0, 20});
  const Sample twin = world->sample(domain, Split::test, {0, 20}, Intervention::flip("spurious"));
  for (std::int64_t i = 0; i < 20; ++i) {
    const bool cue = own.spurious[i][0].item<float>() == 1.0F;
    CHECK(own.x[i][0][0][0].item<float>() == (cue ? 1.0F : 0.0F));
    CHECK(twin.x[i][0][0][0].item<float>() == (cue ? 0.0F : 1.0F));
    CHECK(own.x[i][0].narrow(0, 2, 4).narrow(1, 2, 4).equal(
        twin.x[i][0].narrow(0, 2, 4).narrow(1, 2, 4)));
  }
}

TEST_CASE("ceilings of what was not recorded are undefined, and nothing is made up") {
  const Csv csv;
  const auto world = csv.make(rows(400), {{"causal", ""}});
  const Ceilings ceilings = world->ceilings(world->test_domain());
  CHECK(std::isnan(ceilings.invariant.value));
  CHECK(std::isnan(ceilings.bayes.value));
  CHECK(std::isfinite(ceilings.spurious_only.value));
  const auto continuous = csv.make(rows(400), {{"spurious", "v"}});
  CHECK(std::isnan(continuous->ceilings(continuous->test_domain()).spurious_only.value));
  CHECK(continuous->info().groups == 0);
  CHECK_THAT(continuous->info().shift_axis.doc, Contains("from the test domain"));
}

TEST_CASE("without domains the test domain is drawn against the cue") {
  const Csv csv;
  const auto world = csv.make(rows(800), {{"domain", ""},
                                          {"test_shift", 0.75},
                                          {"inputs", Value::List{Value("v"), Value("spurious")}}});
  CHECK(world->train_domains().size() == 1);
  const Domain domain = world->test_domain();
  CHECK(domain.shift == 0.75);
  // A quarter of rows agree, all of class 0; of those that disagree two thirds are of class 0.
  CHECK(world->ceilings(domain).chance == Approx(0.25 + 0.75 * 2.0 / 3.0));
  CHECK(world->row_limit(domain, Split::train) ==
        world->row_limit(world->train_domains().front(), Split::train));
}

TEST_CASE("worlds of the same sources read a file once and part its rows by their own seeds") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "t.csv";
  std::ofstream(file) << rows(400);
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at("table");
  const auto sources = std::make_shared<const DataSources>();
  const auto world = [&](Value::Table given, std::uint64_t seed) {
    given["file"] = file.string();
    Problems problems;
    const Value options = entry.schema.normalise(given, "table", problems);
    problems.raise();
    return entry.make({options}, EnvironmentContext{seed, sources});
  };
  const auto x_of = [](const Environment& one) {
    return one.sample(one.train_domains().front(), Split::train, {0, 50}).x;
  };
  const Tensor first = x_of(*world({}, 1));
  std::filesystem::remove(file);
  CHECK(x_of(*world({}, 1)).equal(first));
  CHECK_FALSE(x_of(*world({}, 2)).equal(first));
  CHECK(world({{"test_share", 0.3}}, 1)->info().input_shape == Shape{2});
  // Other columns are another reading of the file.
  CHECK_THROWS_WITH(world({{"spurious", "v"}}, 1), Contains("there is no such file"));
}

TEST_CASE("tables that cannot be a world say why") {
  const Csv csv;
  CHECK_THROWS_WITH(csv.make(rows(400), {{"label", "lable"}}),
                    Contains("unknown column 'lable'; did you mean 'label'?"));
  CHECK_THROWS_WITH(csv.make(rows(400), {{"spurious", "spurios"}}),
                    Contains("did you mean 'spurious'?"));
  CHECK_THROWS_WITH(csv.make("v,label\n1,0\n2,1.5\n"),
                    Contains("t.csv':3: column 'label': expected a class 0, 1, 2 ..., found 1.5"));
  CHECK_THROWS_WITH(csv.make("v,label\n1,0\n2,x\n"),
                    Contains("t.csv':3:3: column 'label': expected a finite number, found 'x'"));
  CHECK_THROWS_WITH(csv.make("v,label\n1,0\n2,0\n"), Contains("every label is 0"));
  CHECK_THROWS_WITH(csv.make(rows(400, "tset,a")),
                    Contains("unknown domain 'test'; did you mean 'tset'?"));
  CHECK_THROWS_WITH(csv.make(rows(6)), Contains("but none of them is in the"));
  CHECK_THROWS_WITH(csv.make(rows(400), {{"inputs", Value::List{Value("w*")}}}),
                    Contains("no column is left for 'inputs' = 'w*'"));
  CHECK_THROWS_AS(csv.make(rows(400), {{"inputs", Value::List{Value("label")}}}), UsageError);
  CHECK_THROWS_WITH(csv.make(rows(400), {{"inputs", Value::List{Value("label")}}}),
                    Contains("'inputs' of table contains the label 'label'"));
  std::string bare = "v,label\n";
  for (int i = 0; i < 200; ++i) bare += fmt::format("{},{}\n", i, i % 2);
  CHECK_THROWS_WITH(csv.make(bare), Contains("no domains are recorded"));
  CHECK_THROWS_WITH(make("table", {{"file", "none.csv"}}),
                    Contains("'none.csv': there is no such file"));
  CHECK_THROWS_WITH(make("images", {{"labels", "images_example.idx"},
                                    {"images", "images_example_twins.idx"},
                                    {"twins", ""}}),
                    Contains("found 0x00000803 (images)"));
  CHECK_THROWS_WITH(make("images", {{"spurious", ""}}), Contains("has 0 values; expected 2"));
}

TEST_CASE("a label that is a number makes a regression, whose ceilings are squared errors") {
  // label = 2 causal + 1 in the first half of each domain, less 1 in the second; the cue goes along
  // with the causal feature in domain a and against it in the test domain.
  const Csv csv;
  std::string text = "v,causal,spurious,label,domain\n";
  for (const bool test : {false, true}) {
    for (int i = 0; i < 80; ++i) {
      const int causal = i % 2;
      const int spurious = test ? 1 - causal : causal;
      text += fmt::format("{},{},{},{},{}\n", i, causal, spurious, 2 * causal + (i < 40 ? 1 : -1),
                          test ? "test" : "a");
    }
  }
  const auto world = csv.make(text, {{"task", "regression"}});
  CHECK(world->info().task == Task::regression);
  CHECK(world->info().score() == Score::mean_squared_error);
  CHECK(world->info().outputs == 1);
  CHECK(world->info().groups == 0);
  const Domain test = world->test_domain();
  CHECK(test.shift == 1.0);
  const Sample rows = world->sample(test, Split::train, {0, 10});
  REQUIRE(rows.y.scalar_type() == at::kFloat);
  CHECK((rows.y - 2 * rows.causal.squeeze(1)).abs().eq(1.0F).all().item<bool>());
  const Ceilings there = world->ceilings(test);
  CHECK(there.invariant.value == Approx(1.0));
  CHECK(there.bayes.value == Approx(1.0));
  CHECK(there.chance == Approx(2.0));
  CHECK(there.invariant.error_bound == Approx(0.0).margin(1e-6));  // every error is 1
  // Taught that the cue adds 2, it errs by 1 or 3 there.
  CHECK(there.spurious_only.value == Approx(5.0));
  CHECK(there.spurious_only.error_bound == Approx(1.96 * 4.0 / std::sqrt(80.0)));
  CHECK(world->ceilings(world->train_domains()[0]).spurious_only.value == Approx(1.0));
  CHECK(world->supports(Intervention::flip("spurious")));
  CHECK_FALSE(world->supports(Intervention::align("spurious")));
  std::string bare = "v,spurious,label\n";
  for (int i = 0; i < 200; ++i) bare += fmt::format("{},{},{}\n", i, i % 2, 0.5 * i);
  CHECK_THROWS_WITH(csv.make(bare, {{"task", "regression"}}),
                    Contains("no domains are recorded, but a regression needs them"));
  CHECK_THROWS_WITH(csv.make(bare),
                    Contains("expected a class") && Contains("task = \"regression\""));
}

TEST_CASE("images may be labelled with numbers too") {
  constexpr int kImages = 480;  // as many as the example has
  const tests::TemporaryFolder folder;
  std::vector<float> numbers;
  for (int i = 0; i < kImages; ++i) numbers.push_back(0.25F * static_cast<float>(i));
  const auto file = folder.path() / "numbers.npy";
  std::ofstream(file, std::ios::binary) << data::npy_bytes(data::Array::of(numbers, {kImages}));
  const auto world = make("images", {{"labels", file.string()}, {"task", "regression"}});
  CHECK(world->info().task == Task::regression);
  CHECK(world->info().input_shape == Shape{1, 8, 8});
  const Domain domain = world->train_domains().front();
  const Sample rows = world->sample(domain, Split::train, {0, 20});
  REQUIRE(rows.y.scalar_type() == at::kFloat);
  CHECK(rows.y.mul(4).eq(rows.y.mul(4).round()).all().item<bool>());
  CHECK(
      world->sample(domain, Split::train, {0, 20}, Intervention::flip("spurious")).y.equal(rows.y));
  CHECK(std::isfinite(world->ceilings(world->test_domain()).invariant.value));
  CHECK_THROWS_WITH(make("images", {{"labels", file.string()}}),
                    Contains("image 1: expected a class 0, 1, 2 ..., found 0.25; numbers are the "
                             "labels of task = \"regression\""));
}
