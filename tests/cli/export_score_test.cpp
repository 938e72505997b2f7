// Rows go out, predictions come back: nothing but files in between.
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "data/npz.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Logits that follow the cue of the two-bit world: its columns are (causal, cue), -1 or +1.
std::vector<float> cue_of(const data::Array& x) {
  std::vector<float> logits;
  for (std::int64_t row = 0; row < x.shape.front(); ++row) {
    logits.push_back(static_cast<float>(x.number(2 * row + 1)));
  }
  return logits;
}

double number(const std::filesystem::path& folder, const std::string& domain,
              const std::string& metric) {
  const StoredResults results = read_results(folder);
  REQUIRE(results.trials.size() == 1);
  for (const Measurement& row : results.trials.front().measurements) {
    if (row.domain == domain && row.metric == metric) return row.value;
  }
  FAIL("no " << metric << " in " << domain);
  return 0.0;
}

}  // namespace

TEST_CASE("exported rows come back as scores and a report") {
  Shell shell;
  const Finished exported =
      shell.run({"export", "two_bit", "--split", "test", "--rows", "1500", "--out", "rows.npz"});
  CHECK(exported.err.empty());
  REQUIRE(exported.code == 0);
  CHECK_THAT(exported.out, Contains("rows.npz: 4,500 test rows") && Contains("train_1"));

  const auto rows = data::read_npz(shell.path("rows.npz"));
  CHECK(rows.at("x").shape == std::vector<std::int64_t>{4500, 2});
  CHECK(rows.at("y").type == data::ElementType::int64);
  CHECK(rows.at("twin").shape == rows.at("x").shape);
  CHECK(rows.at("domain").number(4499) == 2.0);
  const auto about = nlohmann::json::parse(rows.at("metadata").bytes);
  CHECK(about.at("environment") == "two_bit");
  CHECK(about.at("parts").at(2).at("domain") == "test");

  const auto logits = cue_of(rows.at("x"));
  double right = 0.0;
  for (std::int64_t row = 3000; row < 4500; ++row) {
    right += (logits[static_cast<std::size_t>(row)] > 0) == (rows.at("y").number(row) == 1.0);
  }
  data::write_npz(shell.path("logits.npz"),
                  {{"logits", data::Array::of(logits, {4500})},
                   {"twin_logits", data::Array::of(cue_of(rows.at("twin")), {4500, 1})},
                   {"metadata", rows.at("metadata")}},
                  data::Compression::deflate);
  const Finished scored =
      shell.run({"score", "logits.npz", "--name", "follows_cue", "--out", "out"});
  CHECK(scored.err.empty());
  REQUIRE(scored.code == 0);
  CHECK_THAT(scored.out, Contains("follows_cue on two_bit") && Contains("confusion_index"));
  CHECK(number(shell.path("out"), "test", "accuracy") == Approx(right / 1500.0));
  CHECK(number(shell.path("out"), "test", "flip_rate") == 1.0);
  CHECK(number(shell.path("out"), "test", "gap") ==
        Approx(number(shell.path("out"), "in_distribution", "accuracy") - right / 1500.0));
  CHECK(number(shell.path("out"), "test", "confusion_index") == Approx(1.0).margin(0.1));

  const Finished report = shell.run({"report", "out", "--text"});
  CHECK(report.err.empty());
  CHECK(report.code == 0);
  CHECK_THAT(report.out, Contains("follows_cue"));
  CHECK(shell.run({"report", "out"}).code == 0);
  CHECK_THAT(read_file(shell.path("out/report.html")),
             Contains("follows_cue") && Contains("trained by another program"));

  // The same again changes nothing; others under the name are refused.
  CHECK(shell.run({"score", "logits.npz", "--name", "follows_cue", "--out", "out"}).code == 0);
  CHECK(read_results(shell.path("out")).trials.size() == 1);
  data::write_npz(shell.path("other.npz"),
                  {{"logits", data::Array::of(std::vector<float>(4500, 2.0F), {4500})},
                   {"metadata", rows.at("metadata")}},
                  data::Compression::store);
  const Finished other = shell.run({"score", "other.npz", "--name", "follows_cue", "--out", "out"});
  CHECK(other.code == 2);
  CHECK_THAT(other.err, Contains("other predictions called 'follows_cue'"));
}

TEST_CASE("logits in CSV and two logits a row give what one logit gives") {
  Shell shell;
  REQUIRE(shell
              .run({"export", "two_bit", "--split", "test", "--domain", "test", "--rows", "300",
                    "--out", "rows.npz"})
              .code == 0);
  const auto logits = cue_of(data::read_npz(shell.path("rows.npz")).at("x"));
  std::string one = "logit\n";
  std::string two = "logit_0,logit_1\n";
  for (const float logit : logits) {
    one += fmt::format("{}\n", logit);
    two += fmt::format("0.5,{}\n", logit + 0.5F);
  }
  shell.write("one.csv", one);
  shell.write("two.csv", two);
  for (const char* name : {"one", "two"}) {
    const Finished scored =
        shell.run({"score", std::string(name) + ".csv", "--environment", "two_bit", "--domain",
                   "test", "--rows", "300", "--out", name});
    CHECK(scored.err.empty());
    REQUIRE(scored.code == 0);
  }
  for (const char* metric : {"accuracy", "loss", "brier"}) {
    CHECK(number(shell.path("one"), "test", metric) ==
          Approx(number(shell.path("two"), "test", metric)));
  }
  // Without the train domains there is no gap.
  for (const Measurement& row : read_results(shell.path("one")).trials.front().measurements) {
    CHECK(row.metric != "gap");
  }
}

TEST_CASE("probabilities are refused as logits, and measured as probabilities when told") {
  Shell shell;
  REQUIRE(shell
              .run({"export", "two_bit", "--split", "test", "--domain", "test", "--rows", "300",
                    "--out", "rows.npz"})
              .code == 0);
  const auto rows = data::read_npz(shell.path("rows.npz"));
  const auto logits = cue_of(rows.at("x"));
  std::vector<double> probabilities;
  for (const float logit : logits) probabilities.push_back(1.0 / (1.0 + std::exp(-logit)));
  data::write_npz(shell.path("l.npz"),
                  {{"logits", data::Array::of(logits, {300})}, {"metadata", rows.at("metadata")}},
                  data::Compression::store);
  data::write_npz(
      shell.path("p.npz"),
      {{"logits", data::Array::of(probabilities, {300})}, {"metadata", rows.at("metadata")}},
      data::Compression::store);
  const Finished refused = shell.run({"score", "p.npz", "--out", "p"});
  CHECK(refused.code == 3);
  CHECK_THAT(refused.err, Contains("'p.npz', logits: these look like probabilities, not logits") &&
                              Contains("--probabilities"));
  CHECK_FALSE(std::filesystem::exists(shell.path("p")));
  REQUIRE(shell.run({"score", "p.npz", "--probabilities", "--out", "p"}).code == 0);
  REQUIRE(shell.run({"score", "l.npz", "--out", "l"}).code == 0);
  for (const char* metric : {"accuracy", "loss", "brier"}) {
    CHECK(number(shell.path("p"), "test", metric) ==
          Approx(number(shell.path("l"), "test", metric)).epsilon(1e-5));
  }
  CHECK(shell.run({"score", "p.npz", "--probabilities", "--logits", "--out", "q"}).code == 2);
}

TEST_CASE("rows of each class and group are told before a run, by describe and in the report") {
  Shell shell;
  // No row of class 1 with cue 0 in the test domain.
  std::string text = "v,spurious,label,domain\n";
  for (int i = 0; i < 400; ++i) {
    const bool test = i % 2 == 0;
    const int label = i / 2 % 2;
    text += fmt::format("{},{},{},{}\n", i % 7, test && label == 1 ? 1 : i / 4 % 2, label + 1,
                        test ? "test" : "a");
  }
  shell.write("t.csv", text);
  const std::string missing = "no row of group 2 (class 2, spurious 0) among the test rows";
  const auto flat = [](std::string lines) {
    for (std::size_t at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at)) {
      lines.replace(at, 1 + lines.find_first_not_of(' ', at + 1) - at - 1, " ");
    }
    return lines;
  };
  const Finished gap = shell.run({"describe", "table", "file=t.csv"});
  CHECK(gap.code == 3);
  CHECK_THAT(gap.err, Contains("the classes found are 1 (200 rows), 2 (200 rows)"));
  const Finished described = shell.run({"describe", "table", "file=t.csv", "labels=compact"});
  CHECK(described.code == 0);
  CHECK_THAT(flat(described.out), Contains(missing) && Contains("; by class 0: "));
  std::string suite = toy_suite(2, 1);
  const std::string world = "name = \"two_bit\"";
  REQUIRE(suite.find(world) != std::string::npos);
  suite.replace(suite.find(world), world.size(),
                "name = \"table\", file = \"t.csv\", labels = \"compact\"");
  shell.write("s.toml", suite);
  const Finished dry = shell.run({"run", "s.toml", "--dry-run"});
  CHECK(dry.err.empty());
  CHECK_THAT(flat(dry.out),
             Contains("rows of table, in the splits of seed 0: ") && Contains(missing));
  const Finished ran = shell.run({"run", "s.toml", "--out", "out"});
  REQUIRE(ran.code == 0);
  CHECK_THAT(flat(ran.out), Contains(missing));
  REQUIRE(shell.run({"report", "out"}).code == 0);
  CHECK_THAT(read_file(shell.path("out/report.html")), Contains("<li>" + missing));
  REQUIRE(shell
              .run({"export", "table", "file=t.csv", "labels=compact", "--split", "test",
                    "--domain", "test", "--rows", "20", "--out", "e.npz"})
              .code == 0);
  data::write_npz(shell.path("l.npz"),
                  {{"logits", data::Array::of(std::vector<float>(20, -1.0F), {20})},
                   {"metadata", data::read_npz(shell.path("e.npz")).at("metadata")}},
                  data::Compression::store);
  const Finished scored = shell.run({"score", "l.npz"});
  CHECK(scored.code == 0);
  CHECK_THAT(scored.out, Contains("(class 2, spurious 0) has no rows"));
}

TEST_CASE("what cannot be exported or scored says why") {
  Shell shell;
  const auto complaint = [&](const std::vector<std::string>& arguments, int code) {
    const Finished finished = shell.run(arguments);
    CHECK(finished.code == code);
    CHECK(finished.out.empty());
    return finished.err;
  };
  CHECK_THAT(complaint({"export", "two_bti", "--out", "x.npz"}, 2),
             Contains("unknown environment 'two_bti'; did you mean 'two_bit'?"));
  CHECK_THAT(complaint({"export", "two_bit", "--domain", "train_7", "--out", "x.npz"}, 2),
             Contains("unknown domain 'train_7'; did you mean 'train_0'?"));
  CHECK_THAT(complaint({"export", "two_bit", "--split", "tests", "--out", "x.npz"}, 2),
             Contains("unknown split 'tests'; did you mean 'test'?"));
  CHECK_THAT(complaint({"export", "two_bit", "--rows", "0", "--out", "x.npz"}, 2),
             Contains("--rows: expects an integer >= 1, got '0'"));
  CHECK_THAT(complaint({"export", "two_bit", "--out", "nowhere/x.npz"}, 6),
             Contains("cannot write 'nowhere/x.npz'"));
  CHECK_THAT(complaint({"export", "table", "--rows", "100000", "--out", "x.npz"}, 2),
             Contains("train rows in domain 'train_0'"));

  CHECK_THAT(complaint({"export", "two_bit", "--rows", "1000000000000", "--out", "x.npz"}, 2),
             Contains("--rows 1000000000000: ") && Contains("of 3 domains need about ") &&
                 Contains("half of the memory of this machine is "));
  CHECK_FALSE(std::filesystem::exists(shell.path("x.npz")));
  CHECK_THAT(complaint({"export", "two_bit", "--domain", "tset_7x", "--out", "x.npz"}, 2),
             Contains("(there are: train_0, train_1, test, shift=VALUE)"));

  CHECK_THAT(complaint({"score", "none.npz"}, 3), Contains("'none.npz': there is no such file"));
  shell.write("l.csv", "logit\n1\n2\n");
  CHECK_THAT(complaint({"score", "l.csv"}, 2), Contains("does not say which rows"));
  const std::vector<std::string> world = {"--environment", "two_bit", "--domain", "test"};
  const auto with_rows = [&](const std::string& file, const std::string& rows) {
    std::vector<std::string> all = {"score", file, "--rows", rows};
    all.insert(all.end(), world.begin(), world.end());
    return all;
  };
  CHECK_THAT(complaint(with_rows("l.csv", "3"), 3),
             Contains("2 rows of logits, but 3 rows were exported"));
  shell.write("c.csv", "logits\n1\n2\n");
  CHECK_THAT(complaint(with_rows("c.csv", "2"), 3),
             Contains("column 'logits': expected 'logit', or 'logit_0'"));
  shell.write("n.csv", "logit\n1\nnan\n");
  CHECK_THAT(complaint(with_rows("n.csv", "2"), 3),
             Contains("'n.csv':3:1: column 'logit': expected a finite number, found 'nan'"));
  shell.write("w.csv", "logit_0,logit_1,logit_2\n1,2,3\n1,2,3\n");
  CHECK_THAT(complaint(with_rows("w.csv", "2"), 3), Contains("3 logits a row"));
  std::vector<std::string> validation = with_rows("l.csv", "2");
  validation.insert(validation.end(), {"--split", "validation"});
  CHECK_THAT(complaint(validation, 2), Contains("validation rows are for selection"));

  CHECK_THAT(complaint({"score", "two_bit", "--model", "net.pt"}, 2), Contains("script:FILE"));
  CHECK_THAT(complaint({"score", "two_bit", "--model", "script:net.pt"}, 3),
             Contains("'net.pt': there is no such file"));
  shell.write("net.pt", "no module");
  CHECK_THAT(complaint({"score", "two_bit", "--model", "script:net.pt"}, 3),
             Contains("'net.pt': not a TorchScript module that can be loaded"));
}

TEST_CASE("what contradicts a file that says which rows it is about is refused") {
  Shell shell;
  REQUIRE(shell
              .run({"export", "two_bit", "--split", "test", "--domain", "test", "--rows", "20",
                    "--out", "rows.npz"})
              .code == 0);
  const auto rows = data::read_npz(shell.path("rows.npz"));
  data::write_npz(
      shell.path("good.npz"),
      {{"logits", data::Array::of(cue_of(rows.at("x")), {20})}, {"metadata", rows.at("metadata")}},
      data::Compression::store);
  const std::vector<std::vector<std::string>> all = {
      {"alpha=0.2"},   {"--domain", "test"}, {"--rows", "20"},    {"--first", "0"},
      {"--seed", "0"}, {"--base-seed", "0"}, {"--split", "test"}, {"--environment", "two_bit"}};
  for (const auto& more : all) {
    CAPTURE(more.front());
    std::vector<std::string> arguments = {"score", "good.npz"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished refused = shell.run(arguments);
    CHECK(refused.code == 2);
    CHECK(refused.err ==
          "spurion: 'good.npz' already says which rows its logits belong to; leave out " +
              more.front() + "\n");
  }
  const Finished name = shell.run({"score", "good.npz", "--experiment", "a/b"});
  CHECK(name.code == 2);
  CHECK_THAT(name.err, Contains("--experiment expects a name of at most 100 letters"));
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));
  CHECK(shell.run({"score", "good.npz"}).code == 0);
}

TEST_CASE("test domains of one cue are exported and scored under the names runs use") {
  Shell shell;
  std::vector<std::string> arguments = {"export", "two_shortcuts", "--split", "test",
                                        "--rows", "200",           "--out",   "rows.npz"};
  for (const char* domain : {"train_0", "train_1", "test", "test_companion"}) {
    arguments.insert(arguments.end(), {"--domain", domain});
  }
  const Finished exported = shell.run(arguments);
  CHECK(exported.err.empty());
  REQUIRE(exported.code == 0);
  const auto rows = data::read_npz(shell.path("rows.npz"));
  // The second cue mostly disagrees with the label there, the first mostly agrees.
  std::int64_t agrees[2] = {0, 0};
  for (std::int64_t row = 600; row < 800; ++row) {
    for (std::int64_t cue = 0; cue < 2; ++cue) {
      agrees[cue] +=
          (rows.at("spurious").number(2 * row + cue) > 0.0) == (rows.at("y").number(row) == 1.0)
              ? 1
              : 0;
    }
  }
  CHECK(agrees[0] > 160);
  CHECK(agrees[1] < 40);
  data::write_npz(shell.path("logits.npz"),
                  {{"logits", data::Array::of(std::vector<float>(800, 2.0F), {800})},
                   {"metadata", rows.at("metadata")}},
                  data::Compression::store);
  const Finished scored = shell.run({"score", "logits.npz", "--out", "out"});
  CHECK(scored.err.empty());
  REQUIRE(scored.code == 0);
  CHECK(number(shell.path("out"), "test_companion", "gap") ==
        Approx(number(shell.path("out"), "in_distribution", "accuracy") -
               number(shell.path("out"), "test_companion", "accuracy")));
  REQUIRE(shell.run({"report", "out"}).code == 0);
  const std::string html = read_file(shell.path("out/report.html"));
  CHECK_THAT(html, Contains("; 1 trained by other programs") && !Contains("last run") &&
                       !Contains("of ?;"));
}

TEST_CASE("predictions do not go beside trials of other rows of the same file") {
  Shell shell;
  const auto write_rows = [&](double last) {
    std::string text = "label,spurious,causal,reading,domain\n";
    for (int row = 0; row < 240; ++row) {
      const int label = row % 2;
      text += fmt::format("{},{},{},{},{}\n", label, row % 10 < 8 ? label : 1 - label, label,
                          row == 239 ? last : 0.1 * row, row < 160 ? "usual" : "test");
    }
    shell.write("rows.csv", text);
  };
  const std::string file = shell.path("rows.csv").string();
  shell.write("own.toml",
              "name = \"own\"\n[defaults]\nenvironment = { name = \"table\", file = \"" + file +
                  "\" }\nmodel = { name = \"linear\" }\nmethod = { name = \"erm\" }\n"
                  "regime = { name = \"offline\" }\ntraining = { steps = 3, rows = 10, "
                  "batch = 5 }\nevaluation = { rows = 4, training_rows = 0 }\n"
                  "[[experiment]]\nname = \"own\"\n");
  const auto score = [&] {
    CHECK(shell
              .run({"export", "table", "file=" + file, "--split", "test", "--domain", "test",
                    "--out", "rows.npz"})
              .code == 0);
    const auto rows = data::read_npz(shell.path("rows.npz"));
    const auto count = rows.at("y").shape.front();
    data::write_npz(
        shell.path("logits.npz"),
        {{"logits",
          data::Array::of(std::vector<float>(static_cast<std::size_t>(count), 2.0F), {count})},
         {"metadata", rows.at("metadata")}},
        data::Compression::store);
    return shell.run({"score", "logits.npz", "--out", "out", "--experiment", "own"});
  };
  write_rows(1.0);
  CHECK(shell.run({"run", "own.toml", "--out", "out", "--quiet"}).code == 0);
  CHECK(score().code == 0);
  write_rows(1.5);
  const Finished changed = score();
  CHECK(changed.code == 3);
  CHECK_THAT(changed.err, Contains("because a file has changed"));
  CHECK(read_results(shell.path("out")).trials.size() == 2);
}
