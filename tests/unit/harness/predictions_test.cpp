#include "harness/exchange/predictions.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <fstream>

#include "catch.hpp"
#include "data/npz.hpp"
#include "harness/data/row_counts.hpp"
#include "harness/exchange/probabilities.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

class Files {
 public:
  std::filesystem::path csv(const std::string& text) const {
    std::ofstream(folder_.path() / "p.csv") << text;
    return folder_.path() / "p.csv";
  }
  std::filesystem::path npz(const std::vector<std::pair<std::string, data::Array>>& arrays) const {
    data::write_npz(folder_.path() / "p.npz", arrays, data::Compression::deflate);
    return folder_.path() / "p.npz";
  }

 private:
  tests::TemporaryFolder folder_;
};

EnvironmentInfo world(Task task, std::int64_t outputs) {
  EnvironmentInfo info;
  info.name = "world";
  info.task = task;
  info.outputs = outputs;
  return info;
}

Tensor rows(const std::vector<std::vector<double>>& values) {
  Tensor out = at::empty(
      {static_cast<std::int64_t>(values.size()), static_cast<std::int64_t>(values.front().size())},
      at::kDouble);
  double* data = out.data_ptr<double>();
  for (const auto& row : values) data = std::copy(row.begin(), row.end(), data);
  return out;
}

}  // namespace

TEST_CASE("columns of logits are all read, in the order of their numbers, or refused") {
  const Files files;
  const Tensor read =
      harness::read_predictions(files.csv("logit_2,id,logit_0,logit_1\n3,9,1,2\n"), 1).logits;
  CHECK(read.equal(rows({{1, 2, 3}})));
  CHECK(harness::read_predictions(files.csv("id;logit\n7;-0.5\n"), 1).logits.equal(rows({{-0.5}})));
  const auto complaint = [&](const std::string& text, const std::string& expected) {
    CHECK_THROWS_WITH(harness::read_predictions(files.csv(text), 1), Contains(expected));
  };
  complaint("logit_0,logit_2\n1,2\n", "there is a column 'logit_2' but no column 'logit_1'");
  complaint("logit_1,logit_2\n1,2\n", "there is a column 'logit_1' but no column 'logit_0'");
  complaint("logit,logit_0\n1,2\n", "there are columns 'logit' and 'logit_0'");
  complaint("logit_0,logit_01\n1,2\n", "column 'logit_01': expected 'logit', or 'logit_0'");
  complaint("logit_0,Logit_1\n1,2\n", "column 'Logit_1': expected");
  complaint("logit_cat,logit_dog\n1,2\n", "column 'logit_cat': expected");
  complaint("logit,twin_logit_1\n1,2\n",
            "there is a column 'twin_logit_1' but no column 'twin_logit_0'");
}

TEST_CASE("logits of another number of rows are refused before they are unpacked") {
  const Files files;
  const auto file = files.npz({{"logits", data::Array::of(std::vector<float>(5000), {5000})},
                               {"logit", data::Array::of(std::vector<float>(2), {2})}});
  CHECK_THROWS_WITH(harness::read_predictions(file, 5000),
                    Contains("array 'logit': expected logits as arrays 'logits'"));
  const auto large = files.npz({{"logits", data::Array::of(std::vector<float>(5000), {5000})}});
  CHECK_THROWS_WITH(harness::read_predictions(large, 20),
                    Contains("array 'logits': 5000 rows of logits, but 20 rows were exported"));
  CHECK(harness::read_predictions(large, 5000).logits.size(0) == 5000);
}

TEST_CASE("labels that were kept tell rows in another order") {
  const Files files;
  const Tensor labels = at::tensor({0, 1, 1}, at::kLong);
  const Tensor kept = harness::read_predictions(files.csv("logit,y\n3,0\n4,1\n5,1.0\n"), 3).labels;
  harness::check_labels(kept, labels, "p");
  CHECK_THROWS_WITH(harness::check_labels(kept, labels.flip(0), "p"),
                    Contains("p: 'y' of row 0 is 0, but its label is 1: the rows are other rows or "
                             "in another order than the export"));
  const auto npz = files.npz({{"logits", data::Array::of(std::vector<float>(3), {3})},
                              {"y", data::Array::of(std::vector<std::int64_t>{0, 1, 1}, {3})}});
  harness::check_labels(harness::read_predictions(npz, 3).labels, labels, "p");
  CHECK_FALSE(harness::read_predictions(files.csv("logit\n3\n"), 1).labels.defined());
}

TEST_CASE("metadata that no export wrote are refused, however deep") {
  const Files files;
  CHECK_FALSE(harness::read_prediction_metadata(files.csv("logit\n1\n")).has_value());
  const auto with = [&](const std::string& text) {
    return files.npz({{"metadata", data::Array::of_text(text)}});
  };
  CHECK(harness::read_prediction_metadata(with("{\"seed\": 3}"))->find("seed")->as_integer() == 3);
  CHECK_THROWS_AS(harness::read_prediction_metadata(with(std::string(200000, '['))), DataError);
  CHECK_THROWS_WITH(harness::read_prediction_metadata(with(std::string(5 << 20, ' '))),
                    Contains("expected what 'spurion export' wrote, at most 4194304"));
}

TEST_CASE("probabilities are not taken for logits") {
  const EnvironmentInfo three = world(Task::multiclass, 3);
  const EnvironmentInfo two = world(Task::binary, 1);
  const Tensor soft = rows({{0.7, 0.2, 0.1}, {0.05, 0.9, 0.05}, {0.33, 0.33, 0.33}});
  CHECK(harness::look_like_probabilities(soft));
  CHECK(harness::look_like_probabilities(rows({{0.0, 1.0}, {1.0, 0.0}})));
  CHECK(harness::look_like_probabilities(rows({{0.2}, {0.9}})));
  CHECK_FALSE(harness::look_like_probabilities(rows({{0.2}, {1.1}})));
  CHECK_FALSE(harness::look_like_probabilities(rows({{0.7, 0.2, 0.1}, {0.7, 0.2, 0.4}})));
  CHECK_FALSE(harness::look_like_probabilities(rows({{1.5, -0.5}})));
  CHECK_THROWS_WITH(
      harness::as_logits(soft, harness::PredictionKind::unsaid, three, "'p.npz'"),
      "'p.npz': these look like probabilities, not logits: no value is negative and "
      "every row sums to 1; use --probabilities to take their logarithms, or --logits "
      "if they are logits");
  CHECK_THROWS_WITH(
      harness::as_logits(rows({{0.2}, {0.9}}), harness::PredictionKind::unsaid, two, "p"),
      Contains("as logits all of them would predict class 1"));
  CHECK(harness::as_logits(soft, harness::PredictionKind::logits, three, "p").equal(soft));
  CHECK(harness::as_logits(rows({{0.2}}), harness::PredictionKind::unsaid,
                           world(Task::regression, 1), "p")
            .equal(rows({{0.2}})));
  // Their logits give the same probabilities.
  const Tensor logits =
      harness::as_logits(soft, harness::PredictionKind::probabilities, three, "p");
  CHECK(at::allclose(at::softmax(logits, 1), soft / soft.sum(1, true)));
  const Tensor one =
      harness::as_logits(rows({{0.2}, {0.9}}), harness::PredictionKind::probabilities, two, "p");
  CHECK(at::allclose(at::sigmoid(one), rows({{0.2}, {0.9}})));
  const Tensor pair = rows({{0.8, 0.2}, {0.1, 0.9}});
  CHECK(at::allclose(
      harness::checked_logits(
          harness::as_logits(pair, harness::PredictionKind::probabilities, two, "p"), two, 2, "p"),
      one.to(at::kFloat)));
  // What is 0 or 1 by rounding stays finite, and as far on either side.
  const Tensor ends =
      harness::as_logits(rows({{0.0}, {1.0}}), harness::PredictionKind::probabilities, two, "p")
          .to(at::kFloat);
  CHECK(ends[0].item<float>() == -ends[1].item<float>());
  CHECK(ends[1].item<float>() == Approx(149.0 * std::log(2.0)));
  CHECK_THROWS_WITH(
      harness::as_logits(rows({{0.5}, {-0.1}}), harness::PredictionKind::probabilities, two, "p"),
      "p: row 1: -0.1 is not a probability");
  CHECK_THROWS_WITH(harness::as_logits(rows({{0.5, 0.5}, {0.5, 0.4}}),
                                       harness::PredictionKind::probabilities, two, "p"),
                    Contains("row 1: the probabilities sum to 0.9, expected 1"));
}

TEST_CASE("classes and groups without rows are told by name") {
  EnvironmentInfo info = world(Task::binary, 1);
  CHECK(harness::row_count_lines(info).empty());
  info.groups = 4;
  info.class_names = {"1", "2"};
  info.group_names = {"class 1, cue 0", "class 1, cue 1", "class 2, cue 0", "class 2, cue 1"};
  RowCounts counts;
  counts.test_domain = true;
  counts.split = Split::test;
  counts.rows = 12;
  counts.classes = {12, 0};
  counts.groups = {5, 7, 0, 0};
  info.row_counts = {counts};
  CHECK(harness::row_count_lines(info) ==
        std::vector<std::string>{
            "classes by their labels in the data: 0 is 1; 1 is 2",
            "groups: 0 is class 1, cue 0; 1 is class 1, cue 1; 2 is class 2, cue 0; 3 is class 2, "
            "cue 1",
            "test rows, of the test domain: 12; by class 0: 12, 1: 0; by group 0: 5, 1: 7, "
            "2: 0, 3: 0",
            "no row of class 1 (2) among the test rows, of the test domain",
            "no row of group 2 (class 2, cue 0), 3 (class 2, cue 1) among the test rows, of "
            "the test domain: numbers by group are about the other groups"});
}
