// Files as people have them: labels with gaps, pictures with channels last, numbers of other types.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "catch.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "harness/data/row_counts.hpp"
#include "spurion/catalog.hpp"
#include "temporary_folder.hpp"
#include "unit/environments/file_worlds.hpp"

using namespace spurion;
using Catch::Contains;
using tests::make;

namespace {

/// Files that go away with the object.
class Files {
 public:
  std::string write(const std::string& name, const std::string& bytes) const {
    const auto file = folder_.path() / name;
    std::ofstream(file, std::ios::binary) << bytes;
    return file.string();
  }
  std::string write(const std::string& name, const data::Array& array) const {
    return write(name, data::npy_bytes(array));
  }
  std::unique_ptr<Environment> table(const std::string& text, Value::Table given = {}) const {
    given["file"] = write("t.csv", text);
    return make("table", given);
  }

 private:
  tests::TemporaryFolder folder_;
};

/// 240 rows of two domains; `label(i)` and `cue(i)` as text.
template <class Label, class Cue>
std::string rows(Label label, Cue cue) {
  std::string text = "v,spurious,label,domain\n";
  for (int i = 0; i < 240; ++i) {
    text += fmt::format("{},{},{},{}\n", i, cue(i), label(i), i / 3 % 2 == 0 ? "test" : "a");
  }
  return text;
}

int third(int i) { return i % 3 == 2 ? 1 : 0; }

data::Array array_of(data::ElementType type, std::vector<std::int64_t> shape, std::string bytes) {
  data::Array array;
  array.type = type;
  array.shape = std::move(shape);
  array.bytes = std::move(bytes);
  return array;
}

/// Options of `images` that leave everything out but images and labels, domains and cue.
Value::Table bare(const std::string& images, const std::string& labels,
                  const std::string& domains) {
  return {{"images", images}, {"labels", labels}, {"domains", domains},
          {"spurious", ""},   {"causal", ""},     {"twins", ""}};
}

}  // namespace

TEST_CASE("labels with gaps are refused with what was found, or numbered anew") {
  const Files files;
  const auto cue = [](int i) { return third(i); };
  const std::string one_two = rows([](int i) { return third(i) + 1; }, cue);
  CHECK_THROWS_WITH(files.table(one_two),
                    Contains("t.csv': column 'label': the classes found are 1 (160 rows), 2 (80 "
                             "rows); expected 0, 1, 2 ... without a gap") &&
                        Contains("labels = \"compact\""));
  CHECK_THROWS_WITH(files.table(rows([](int i) { return 700 * third(i); }, cue)),
                    Contains("0 (160 rows), 700 (80 rows)"));
  const auto world = files.table(one_two, {{"labels", "compact"}});
  CHECK(world->info().task == Task::binary);
  CHECK(world->info().outputs == 1);
  CHECK(world->info().class_names == std::vector<std::string>{"1", "2"});
  CHECK_THAT(world->info().graph.variables[1].doc,
             Contains("numbered anew; the data call them 1, 2"));
  const Sample sample = world->sample(world->test_domain(), Split::train, {0, 20});
  CHECK(sample.y.eq(sample.spurious.squeeze(1)).all().item<bool>());

  const std::string signs = rows([](int i) { return 2 * third(i) - 1; }, cue);
  CHECK_THROWS_WITH(files.table(signs), Contains("t.csv':2: column 'label': expected a class 0, 1, "
                                                 "2 ..., found -1; labels = \"compact\""));
  CHECK(files.table(signs, {{"labels", "compact"}})->info().class_names ==
        std::vector<std::string>{"-1", "1"});
  // Whole numbers may be written as floats; what needs no new numbers keeps them.
  const auto floats = files.table(rows([](int i) { return third(i) == 1 ? "1.0" : "-0.0"; }, cue),
                                  {{"labels", "compact"}});
  CHECK(floats->info().class_names.empty());
  CHECK_THROWS_WITH(
      files.table(rows([](int i) { return 0.5 * third(i); }, cue), {{"labels", "compact"}}),
      Contains("t.csv':4: column 'label': expected a whole number, found 0.5"));
  CHECK_THROWS_WITH(
      files.table(rows([](int i) { return 1 + 0 * i; }, cue), {{"labels", "compact"}}),
      Contains("every label is 1; expected two classes or more"));
  std::string many = "v,label\n";
  for (int i = 0; i < 1500; ++i) many += fmt::format("{},{}\n", i, i);
  CHECK_THROWS_WITH(files.table(many), Contains("t.csv':1002: column 'label': more than 1000"));
}

TEST_CASE("rows of each class and group are counted, and which have none is told") {
  const Files files;
  // In the test domain no row of label 1 has cue 0.
  std::string text = "v,spurious,label,domain\n";
  for (int i = 0; i < 400; ++i) {
    const bool test = i % 2 == 0;
    const int label = i / 2 % 2;
    const int cue = test && label == 1 ? 1 : i / 4 % 2;
    text += fmt::format("{},{},{},{}\n", i, cue, label, test ? "test" : "a");
  }
  const auto world = files.table(text);
  const EnvironmentInfo& info = world->info();
  REQUIRE(info.row_counts.size() == 4);
  const std::vector<Domain> domains = {world->train_domains().front(),
                                       world->train_domains().front(),
                                       world->train_domains().front(), world->test_domain()};
  for (std::size_t i = 0; i < 4; ++i) {
    const RowCounts& counts = info.row_counts[i];
    CHECK(counts.test_domain == (i == 3));
    CHECK(counts.rows == world->row_limit(domains[i], counts.split));
    const Sample all = world->sample(domains[i], counts.split, {0, counts.rows});
    for (std::int64_t c = 0; c < 2; ++c) {
      CHECK(counts.classes[static_cast<std::size_t>(c)] == all.y.eq(c).sum().item<std::int64_t>());
    }
    for (std::int64_t g = 0; g < 4; ++g) {
      CHECK(counts.groups[static_cast<std::size_t>(g)] ==
            all.group.eq(g).sum().item<std::int64_t>());
    }
  }
  CHECK(harness::missing_row_lines(info) ==
        std::vector<std::string>{"no row of group 2 (class 1, spurious 0) among the test rows, "
                                 "of the test domain: numbers by group are about the other "
                                 "groups"});
  CHECK(make("two_bit", {})->info().row_counts.empty());
}

TEST_CASE("the dial of a table means the same for every seed") {
  const Files files;
  // 40 rows disagree: some splits leave a split without, if nobody minds.
  const std::string few =
      rows([](int i) { return i % 2; }, [](int i) { return i % 6 == 0 ? 1 - i % 2 : i % 2; });
  std::string docs;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto world =
        make("table",
             {{"file", files.write("f.csv", few)}, {"validation_share", 0.1}, {"test_share", 0.1}},
             seed);
    if (docs.empty()) docs = world->info().shift_axis.doc;
    if (world->info().shift_axis.doc != docs)
      FAIL("seed " << seed << ": " << world->info().shift_axis.doc);
  }
  CHECK_THAT(docs, Contains("share of rows that come from the test domain"));
  CHECK_THAT(make("table", {})->info().shift_axis.doc, Contains("disagrees with the label"));
}

TEST_CASE("pictures with channels last are read as such, and unclear ones are refused") {
  const Files files;
  constexpr std::int64_t kCount = 60;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> domains;
  for (std::int64_t i = 0; i < kCount; ++i) {
    labels.push_back(i % 2);
    domains.push_back(i / 2 % 2 == 0 ? 2 : 0);
  }
  const std::string label_file = files.write("l.npy", data::Array::of(labels, {kCount, 1}));
  const std::string domain_file = files.write("d.npy", data::Array::of(domains, {kCount}));
  const auto world_of = [&](std::vector<std::int64_t> shape, const std::string& layout) {
    shape.insert(shape.begin(), kCount);
    std::string bytes;
    for (std::int64_t i = 0; i < kCount * shape[1] * shape[2] * shape[3]; ++i) {
      bytes += static_cast<char>(i % 251);
    }
    Value::Table options =
        bare(files.write("x.npy", array_of(data::ElementType::uint8, shape, bytes)), label_file,
             domain_file);
    options["layout"] = layout;
    return make("images", options);
  };
  const auto last = world_of({6, 5, 3}, "auto");
  CHECK(last->info().input_shape == Shape{3, 6, 5});
  CHECK_THAT(last->info().mechanism, Contains("60 images of 6 x 5, 3 channels, read from uint8 "
                                              "[60, 6, 5, 3] with channels last"));
  const Domain domain = last->train_domains().front();
  const Tensor x = last->sample(domain, Split::train, {0, 1}).x.mul(255).round();
  // Neighbours in a row are 3 bytes apart, channels of a pixel one.
  CHECK(x[0][0][0][1].item<float>() - x[0][0][0][0].item<float>() == 3.0F);
  CHECK(x[0][1][0][0].item<float>() - x[0][0][0][0].item<float>() == 1.0F);
  CHECK(world_of({3, 6, 5}, "auto")->info().input_shape == Shape{3, 6, 5});
  CHECK(world_of({6, 5, 3}, "channels_first")->info().input_shape == Shape{6, 5, 3});
  CHECK(world_of({3, 6, 4}, "channels_last")->info().input_shape == Shape{4, 3, 6});
  CHECK_THROWS_WITH(world_of({3, 6, 4}, "auto"),
                    Contains("uint8 [60, 3, 6, 4] may be pictures of 3 channels, 6 x 4, or of 4 "
                             "channels, 3 x 6; set layout = \"channels_first\" or layout = "
                             "\"channels_last\""));
  CHECK_THROWS_WITH(world_of({2, 6, 5}, "auto"), Contains("set layout"));
}

TEST_CASE("pictures of other numbers are taken as they are where float32 holds them") {
  const Files files;
  constexpr std::int64_t kCount = 40;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> domains;
  std::vector<double> pixels;
  for (std::int64_t i = 0; i < kCount; ++i) {
    labels.push_back(i % 2);
    domains.push_back(i / 2 % 2 == 0 ? 2 : 0);
    for (int j = 0; j < 4; ++j) pixels.push_back(static_cast<double>(i) / 255.0);
  }
  const std::string label_file = files.write("l.npy", data::Array::of(labels, {kCount}));
  const std::string domain_file = files.write("d.npy", data::Array::of(domains, {kCount}));
  const auto world_of = [&](const data::Array& images) {
    return make("images", bare(files.write("x.npy", images), label_file, domain_file));
  };
  const auto doubles = world_of(data::Array::of(pixels, {kCount, 2, 2}));
  CHECK_THAT(doubles->info().mechanism,
             Contains("values from 0 to 0.152941, as the file has them"));
  const Domain domain = doubles->train_domains().front();
  const Tensor x = doubles->sample(domain, Split::train, {0, 1}).x;
  CHECK(x.mul(255).sub(x.mul(255).round()).abs().max().item<float>() < 1e-5F);
  std::string shorts;
  for (std::int64_t i = 0; i < kCount * 4; ++i)
    shorts += std::string(i == 0 ? "\0\0" : "\0\x80", 2);
  CHECK_THAT(
      world_of(array_of(data::ElementType::uint16, {kCount, 2, 2}, shorts))->info().mechanism,
      Contains("values from 0 to 32768"));
  CHECK_THROWS_WITH(world_of(data::Array::of(std::vector<double>(4 * kCount, 0.5), {kCount, 2, 2})),
                    Contains("x.npy': every value of every image is 0.5"));
  pixels[41] = 1e39;
  CHECK_THROWS_WITH(world_of(data::Array::of(pixels, {kCount, 2, 2})),
                    Contains("x.npy': image 10, value 1: 1e+39 is beyond float32"));
  pixels[41] = 16777217.0;
  CHECK_THROWS_WITH(
      world_of(data::Array::of(pixels, {kCount, 2, 2})),
      Contains("image 10, value 1: 16777217 is a whole number that float32 does not"));
  pixels[41] = NAN;
  CHECK_THROWS_WITH(world_of(data::Array::of(pixels, {kCount, 2, 2})),
                    Contains("image 10, value 1: nan is not finite"));
}

TEST_CASE("labels of images may need new numbers too, and no file plays two parts") {
  const Files files;
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 480; ++i) labels.push_back(i % 2 + 1);
  const std::string file = files.write("l.npy", data::Array::of(labels, {480}));
  CHECK_THROWS_WITH(make("images", {{"labels", file}}),
                    Contains("the classes found are 1 (240 rows), 2 (240 rows)") &&
                        Contains("classes = \"compact\""));
  CHECK(make("images", {{"labels", file}, {"classes", "compact"}})->info().class_names ==
        std::vector<std::string>{"1", "2"});
  CHECK_THROWS_WITH(make("images", {{"labels", file}, {"spurious", file}}),
                    Contains("'labels' and 'spurious' of images both name the file"));
  CHECK_THROWS_WITH(make("images", {{"twins", "images_example.idx"}}),
                    Contains("'images' and 'twins' of images both name"));
}

TEST_CASE("a column plays one part, and numbers reach the model as they are or not at all") {
  const Files files;
  const auto label = [](int i) { return i % 2; };
  CHECK_THROWS_WITH(files.table(rows(label, label), {{"spurious", "label"}}),
                    Contains("'label' and 'spurious' of table both name the column 'label'"));
  CHECK_THROWS_WITH(
      files.table(rows(label, [](int i) { return 16777216 + i % 2; })),
      Contains("t.csv':3: column 'spurious': 16777217 is a whole number that float32 does not"));
  CHECK_THROWS_WITH(
      files.table(rows(label, [](int i) { return i % 2 == 0 ? "0.1" : "0.1000000001"; })),
      Contains("the values 0.1 and 0.1000000001 of the cue are one number in float32"));
  CHECK_THROWS_WITH(
      files.table(rows(label, [](int i) { return 9007199254740993 + i % 2; })),
      Contains("column 'spurious': 9007199254740993 is a whole number with more digits"));
  // Domains that are numbers are the same however they are written; of words spaces do not count.
  std::string text = "v,label,domain\n";
  for (int i = 0; i < 240; ++i) {
    const char* domain = i % 3 == 0 ? "1.0" : i % 3 == 1 ? "-0" : "0";
    text += fmt::format("{},{},{}\n", i, i / 3 % 2, domain);
  }
  CHECK(files.table(text, {{"test_domain", "1"}})->train_domains().size() == 1);
  text = "v,label,domain\n";
  for (int i = 0; i < 240; ++i) {
    text += fmt::format("{},{},{}\n", i, i / 2 % 2, i % 2 == 0 ? "test" : i % 3 == 0 ? " a" : "a ");
  }
  CHECK(files.table(text)->train_domains().size() == 1);
}

TEST_CASE("a copy of the label is no input by accident") {
  const Files files;
  std::string text = "v,target,label,domain\n";
  for (int i = 0; i < 240; ++i) {
    text += fmt::format("{},{}.0,{},{}\n", i, i % 2, i % 2, i / 3 % 2 == 0 ? "test" : "a");
  }
  CHECK_THROWS_WITH(files.table(text),
                    Contains("column 'target' equals the label in every row, and 'inputs' = '*'"));
  CHECK(files.table(text, {{"inputs", Value::List{Value("v"), Value("target")}}})
            ->info()
            .input_shape == Shape{2});
}

TEST_CASE("a column of a usual name but for capital letters is no input by accident") {
  const Files files;
  std::string text = "v,Causal,label,domain\n";
  for (int i = 0; i < 240; ++i) {
    text += fmt::format("{},{},{},{}\n", i, i / 5 % 2, i % 2, i / 3 % 2 == 0 ? "test" : "a");
  }
  CHECK_THROWS_WITH(files.table(text),
                    Contains("there is a column 'Causal' but no column 'causal'; "
                             "set 'causal' of table to 'Causal', or to \"\""));
  CHECK(files.table(text, {{"causal", ""}})->info().input_shape == Shape{2});
  CHECK(files.table(text, {{"causal", "Causal"}})->info().input_shape == Shape{1});
}

TEST_CASE("what an export says of its rows beside their inputs is no input") {
  const tests::TemporaryFolder folder;
  constexpr std::int64_t kRows = 200;
  std::vector<double> x;
  std::vector<std::int64_t> y;
  std::vector<std::int64_t> domain;
  for (std::int64_t i = 0; i < kRows; ++i) {
    x.push_back(static_cast<double>(i));
    y.push_back(i % 2);
    domain.push_back(i / 2 % 2);
  }
  std::vector<std::pair<std::string, data::Array>> arrays = {
      {"x", data::Array::of(x, {kRows})},          {"y", data::Array::of(y, {kRows})},
      {"group", data::Array::of(domain, {kRows})}, {"domain", data::Array::of(domain, {kRows})},
      {"twin", data::Array::of(x, {kRows})},       {"causal", data::Array::of(y, {kRows})}};
  const Value::Table options = {
      {"file", (folder.path() / "e.npz").string()}, {"label", "y"}, {"test_domain", "1"}};
  data::write_npz(folder.path() / "e.npz", arrays, data::Compression::store);
  CHECK(make("table", options)->info().input_shape == Shape{3});  // group, twin, x: not an export
  arrays.emplace_back("metadata", data::Array::of_text("{}"));
  data::write_npz(folder.path() / "e.npz", arrays, data::Compression::store);
  CHECK(make("table", options)->info().input_shape == Shape{1});
}
