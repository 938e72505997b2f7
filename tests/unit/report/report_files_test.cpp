// The files beside a report: tables, numbers, drawings, and which of them stay.
#include "spurion/report.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "analysis/answered_questions.hpp"
#include "catch.hpp"
#include "report/csv/csv.hpp"
#include "report/spooled_text.hpp"
#include "report/table_markup.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/report/made_up_store.hpp"

using namespace spurion;
using namespace spurion::tests::made_up;

TEST_CASE("files hold numbers in columns of their own, with every digit") {
  using analysis::ColumnKind;
  analysis::Table table{"t",
                        "",
                        {{"method"},
                         {"OOD - erm", ColumnKind::estimate},
                         {"model.width", ColumnKind::number},
                         {"p", ColumnKind::number},
                         {"ours", ColumnKind::spread},
                         {"runs", ColumnKind::count}}};
  table.add({"a, \"b\"", analysis::Estimate{0.1, -1.0 / 3.0, 0.7, 12, 4}, analysis::Number{16.0},
             analysis::Number{1e-7, analysis::Notation::probability, 4},
             analysis::Spread{0.25, 0.125}, std::int64_t{3}});
  table.add({"one", analysis::Estimate{0.5, 0.5, 0.5, 3, 1}, analysis::Missing(),
             analysis::Number{std::nan("")}, analysis::Missing(), analysis::Missing()});
  table.add({"none", analysis::Estimate{std::nan(""), std::nan(""), std::nan(""), 0, 0},
             std::int64_t{8}, analysis::Missing(), analysis::Missing(), analysis::Missing()});
  CHECK(report::csv_of(table) ==
        "method,ood_erm,ood_erm_low,ood_erm_high,ood_erm_seeds,model.width,p,ours,ours_deviation,"
        "runs\n"
        "\"a, \"\"b\"\"\",0.1,-0.3333333333333333,0.7,4,16,1e-07,0.25,0.125,3\n"
        "one,0.5,,,1,,,,,\n"
        "none,,,,,8,,,,\n");
  CHECK(text_of(table.rows[0][1]) == "0.100 [-0.333, 0.700]");
  CHECK(text_of(table.rows[0][3]) == "< .0001");
  CHECK(text_of(table.rows[0][4]) == "0.2500 ± 0.1250");
  CHECK(text_of(table.rows[1][1]) == "0.500 (one seed)");
  CHECK(text_of(table.rows[2][1]) == "-");
  CHECK_THROWS_AS(table.add({"short"}), LogicError);
  CHECK_THROWS_AS(table.set(0, "p", "small"), LogicError);
  CHECK_THROWS_AS(table.set(0, "nosuch", analysis::Missing()), LogicError);
}

TEST_CASE("tables for papers escape what Markdown and LaTeX read as commands") {
  using analysis::ColumnKind;
  analysis::Table table{"t",
                        "100 % of 'x_1' & y: a|b, 1 ± 2, --dry-run",
                        {{"method"}, {"OOD", ColumnKind::estimate}, {"p", ColumnKind::number}}};
  table.add({"irm_v1 (a = {$1\\2}) #3 ~ ^ <b> | `c` *d*",
             analysis::Estimate{-0.1, -0.25, 0.5, 12, 4},
             analysis::Number{1e-7, analysis::Notation::probability, 3}});
  table.add({"[x]\nsecond line", analysis::Missing(), analysis::Number{0.5}});
  const std::string markdown = report::markdown_of(table);
  CHECK(markdown.substr(0, markdown.find("\n\n")) ==
        "| method | OOD | p |\n|---|---:|---:|\n"
        "| irm\\_v1 (a = \\{\\$1\\\\2\\}) \\#3 \\~ ^ \\<b\\> \\| \\`c\\` \\*d\\* | -0.100 [-0.250, "
        "0.500] | < .0001 |\n"
        "| \\[x\\] second line | - | 0.5 |");
  const std::string latex = report::latex_of(table);
  CAPTURE(latex);
  CHECK_THAT(latex,
             Catch::Contains("\\caption{100 \\% of \\textquotesingle{}x\\_1\\textquotesingle{} "
                             "\\& y: a\\textbar{}b, 1 $\\pm$ 2, -{}-dry-run}"));
  CHECK_THAT(latex, Catch::Contains("\\begin{tabular}{lrr}\n    \\toprule\n    method & OOD & p "
                                    "\\\\\n    \\midrule\n"));
  CHECK_THAT(latex, Catch::Contains("    irm\\_v1 (a = \\{\\$1\\textbackslash{}2\\}) \\#3 "
                                    "\\textasciitilde{} \\textasciicircum{} "));
  CHECK_THAT(latex, Catch::Contains("$-$0.100 [$-$0.250, 0.500] & \\textless{} .0001 \\\\\n"));
  // A row that begins with a bracket is not the argument of the line end before it.
  CHECK_THAT(latex, Catch::Contains("\n    {}[x] second line & -- & 0.5 \\\\\n    \\bottomrule"));
}

TEST_CASE("each table of a report is there as CSV, Markdown and LaTeX") {
  const tests::TemporaryFolder folder;
  write_report(made_up_store(folder, kSuite));
  const auto csv = folder.path() / "csv";
  for (const char* name : {"methods_scale", "regimes_stream", "published_scale"}) {
    CAPTURE(name);
    for (const char* ending : {".csv", ".md", ".tex"}) {
      CHECK(std::filesystem::exists(csv / (std::string(name) + ending)));
    }
  }
  const std::string latex = read(csv / "methods_scale.tex");
  CHECK(latex.find("\\bottomrule") != std::string::npos);
  CHECK(read(folder.path() / "report.html").find("csv/methods_scale.tex") != std::string::npos);
}

TEST_CASE("no table of a report puts an interval into one field, or names two columns alike") {
  const tests::TemporaryFolder folder;
  for (const auto& answer : analysis::answer_all(read_results(made_up_store(folder, kSuite)))) {
    for (const analysis::Table& table : answer.tables) {
      const std::string csv = report::csv_of(table);
      CAPTURE(csv);
      CHECK(csv.find('[') == std::string::npos);
      CHECK(csv.find("±") == std::string::npos);
      std::istringstream header(csv.substr(0, csv.find('\n')));
      std::set<std::string> names;
      for (std::string name; std::getline(header, name, ',');) CHECK(names.insert(name).second);
    }
  }
}

TEST_CASE("questions that are answered one at a time have the same answers") {
  const tests::TemporaryFolder folder;
  const StoredResults results = read_results(made_up_store(folder, kSuite));
  const auto all = analysis::answer_all(results);
  const analysis::Study study(results);
  const analysis::AnsweredQuestions questions(study, builtin_questions());
  REQUIRE(questions.size() == all.size());
  for (std::size_t i = all.size(); i-- > 0;) {
    const analysis::Answer one = questions.answer(i);
    CHECK(one.question == all[i].question);
    CHECK(one.sentence == all[i].sentence);
    REQUIRE(one.tables.size() == all[i].tables.size());
    for (std::size_t t = 0; t < one.tables.size(); ++t) {
      CHECK(report::csv_of(one.tables[t]) == report::csv_of(all[i].tables[t]));
    }
  }
}

TEST_CASE("a chart's file has a line a point, with quotes where they must be") {
  analysis::Chart chart;
  const analysis::Estimate mean{0.5, 0.25, 0.75, 6, 3};
  const analysis::Estimate alone{0.125, 0.125, 0.125, 1, 1};
  chart.series = {{"erm, \"plain\"", {0.1, 1e-7}, {mean, alone}}, {"none", {2.0}, {{}}}};
  const std::string head = "series,x,value,low,high,seeds,trials\n";
  CHECK(report::csv_of(chart) == head +
                                     "\"erm, \"\"plain\"\"\",0.1,0.5,0.25,0.75,3,6\n"
                                     "\"erm, \"\"plain\"\"\",1e-07,0.125,,,1,1\n"
                                     "none,2,,,,,0\n");
  chart.series.pop_back();
  chart.series.front().x = {0.0, 1.0};
  chart.categories = {"a, b", "c"};
  CHECK(report::csv_of(chart) == head +
                                     "\"erm, \"\"plain\"\"\",\"a, b\",0.5,0.25,0.75,3,6\n"
                                     "\"erm, \"\"plain\"\"\",c,0.125,,,1,1\n");
}

TEST_CASE("text that waits for its place in a file keeps its order and leaves nothing") {
  const tests::TemporaryFolder folder;
  std::string all;
  std::ostringstream out;
  {
    report::SpooledText text(folder.path());
    text.write_to(out);
    CHECK(out.str().empty());
    for (int i = 0; i < 20'000; ++i) {
      const std::string line = fmt::format("line {}\n", i);
      text.add(line);
      all += line;
    }
    text.write_to(out);
    CHECK(std::filesystem::is_empty(folder.path()));
  }
  CHECK(out.str() == all);
  report::SpooledText nowhere(folder.path() / "missing");
  CHECK_THROWS_AS(nowhere.add("line"), StoreError);
}

TEST_CASE("a report is written as a whole or not at all") {
  const tests::TemporaryFolder folder;
  made_up_store(folder, kSuite);
  const auto blocker = folder.path() / "csv" / "results.csv";
  std::filesystem::create_directories(blocker);
  CHECK_THROWS_WITH(write_report(folder.path()), Catch::Contains("results.csv': it is a folder"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "report.html"));
  std::filesystem::remove(blocker);
  CHECK(std::filesystem::is_empty(folder.path() / "csv"));
  std::filesystem::remove(folder.path() / "csv");
  const ReportFiles files = write_report(folder.path());
  CHECK(std::filesystem::exists(files.html));
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
    CHECK(file.path().extension() != ".tmp");
  }
}

namespace {

/// Fields of a file without quotes: its first line, and the others by the names in it.
std::vector<std::map<std::string, std::string>> records(const std::string& csv) {
  std::istringstream lines(csv);
  std::vector<std::string> names;
  std::vector<std::map<std::string, std::string>> all;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream parts(line + ",");
    for (std::string field; std::getline(parts, field, ',');) fields.push_back(field);
    if (names.empty()) {
      names = fields;
      continue;
    }
    REQUIRE(fields.size() == names.size());
    all.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) all.back()[names[i]] = fields[i];
  }
  return all;
}

}  // namespace

TEST_CASE("results.csv has a line a trial, measurements.csv one a number, by one key") {
  const tests::TemporaryFolder folder;
  write_report(made_up_store(folder, kSuite));
  const auto results = records(read(folder.path() / "csv" / "results.csv"));
  const auto measurements = records(read(folder.path() / "csv" / "measurements.csv"));
  REQUIRE(results.size() == 25);
  std::set<std::string> ids;
  for (const auto& one : results) {
    CHECK(ids.insert(one.at("trial")).second);
    CHECK(one.at("status") == "done");
    const bool online = one.at("regime") == "online";
    CHECK(one.at("experiment") == (online ? "stream" : "scale"));
    if (!online && one.at("method") == "irm_v1" && one.at("model.width") == "64" &&
        one.at("seed") == "3") {
      CHECK(std::stod(one.at("test.accuracy")) == 0.84 + 0.003);
      CHECK(one.at("in_distribution.accuracy") == "0.85");
    }
    // The last time it was measured.
    CHECK(one.at("test.flip_rate") == (online ? "0.99" : "0.95"));
  }
  std::size_t expected = 0;
  for (const TrialResult& one : read_results(folder.path()).trials) {
    expected += one.measurements.size();
    CHECK(ids.count(one.spec.id()) == 1);
  }
  REQUIRE(measurements.size() == expected);
  for (const auto& row : measurements) CHECK(ids.count(row.at("trial")) == 1);
}

TEST_CASE("a trial of two experiments has a line in each, its numbers are there once") {
  const tests::TemporaryFolder folder;
  {
    Store store(folder.path());
    const TrialResult one = trial({"scale", "erm", "offline"}, 8, 0, 0.2);
    store.append({one});
    store.set_memberships({{one.spec.id(), "scale"}, {one.spec.id(), "stream"}});
    store.set_context({{"suite", kSuite}});
  }
  write_report(folder.path());
  CHECK(records(read(folder.path() / "csv" / "results.csv")).size() == 2);
  CHECK(records(read(folder.path() / "csv" / "measurements.csv")).size() == 6);
}

TEST_CASE("the dictionary knows each file and column, and no other") {
  const tests::TemporaryFolder folder;
  const ReportFiles files = write_report(made_up_store(folder, kSuite));
  std::map<std::string, std::set<std::string>> known;
  std::istringstream lines(read(folder.path() / "csv" / "dictionary.csv"));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(',');
    const auto second = line.find(',', first + 1);
    if (second == std::string::npos) continue;
    known[line.substr(0, first)].insert(line.substr(first + 1, second - first - 1));
  }
  for (const auto& file : files.csv) {
    const std::string name = file.filename().string();
    if (name == "dictionary.csv") continue;
    CAPTURE(name);
    const std::string text = read(file);
    std::istringstream header(text.substr(0, text.find('\n')));
    std::set<std::string> columns = {""};
    for (std::string column; std::getline(header, column, ',');) columns.insert(column);
    CHECK(known[name] == columns);
  }
}

TEST_CASE("files of an earlier report go, files of others stay") {
  const tests::TemporaryFolder folder;
  write_report(made_up_store(folder, kSuite));
  const auto csv = folder.path() / "csv";
  std::ofstream(csv / "mine.csv") << "kept\n";
  std::ofstream(csv / "methods_scale.notes") << "kept\n";
  REQUIRE(std::filesystem::exists(csv / "regimes_stream.csv"));
  std::string suite = kSuite;
  const auto question = suite.find("[[question]]\ntext = \"Resolved");
  suite.erase(question, suite.find("[[question]]", question + 1) - question);
  {
    Store store(folder.path());
    store.set_context({{"suite", suite}});
  }
  write_report(folder.path());
  CHECK_FALSE(std::filesystem::exists(csv / "regimes_stream.csv"));
  CHECK_FALSE(std::filesystem::exists(csv / "stream_stream.svg"));
  CHECK(std::filesystem::exists(csv / "methods_scale.csv"));
  CHECK(read(csv / "mine.csv") == "kept\n");
  CHECK(std::filesystem::exists(csv / "methods_scale.notes"));
}

TEST_CASE("a list of files that names what is elsewhere removes nothing there") {
  const tests::TemporaryFolder folder;
  write_report(made_up_store(folder, kSuite));
  std::ofstream(folder.path() / "precious.txt") << "kept\n";
  std::ofstream(folder.path() / "csv" / ".files_of_the_report", std::ios::app)
      << "../precious.txt\n/etc/nosuch\n";
  write_report(folder.path());
  CHECK(std::filesystem::exists(folder.path() / "precious.txt"));
  // A pipe in its place is not waited for.
  std::filesystem::remove(folder.path() / "csv" / ".files_of_the_report");
  REQUIRE(::mkfifo((folder.path() / "csv" / ".files_of_the_report").c_str(), 0600) == 0);
  write_report(folder.path());
}

TEST_CASE("two questions of one kind have files of their own") {
  const tests::TemporaryFolder folder;
  std::string suite = kSuite;
  suite +=
      "[[question]]\ntext = \"Against the other?\"\nkind = \"compare_methods\"\n"
      "experiment = \"scale\"\nbaseline = \"irm_v1\"\n";
  write_report(made_up_store(folder, suite));
  const std::string first = read(folder.path() / "csv" / "methods_scale.csv");
  const std::string second = read(folder.path() / "csv" / "methods_scale_2.csv");
  CHECK(first.substr(0, first.find('\n')) == second.substr(0, second.find('\n')));
  CHECK(first != second);
  CHECK(read(folder.path() / "report.html").find("csv/methods_scale_2.csv") != std::string::npos);
}

TEST_CASE("drawings in files have literal colours") {
  const tests::TemporaryFolder folder;
  write_report(made_up_store(folder, kSuite));
  const std::string svg = read(folder.path() / "csv" / "stream_stream.svg");
  for (const char* of_browsers : {"var(", "currentColor", "<style", "class="}) {
    CAPTURE(of_browsers);
    CHECK(svg.find(of_browsers) == std::string::npos);
  }
  CHECK(svg.find("stroke=\"#c4462a\"") != std::string::npos);
  CHECK(svg.find("stroke=\"#e3e7ec\"") != std::string::npos);  // the grid
}

TEST_CASE("control characters of a title reach neither page nor terminal") {
  const tests::TemporaryFolder folder;
  std::string suite = kSuite;
  suite.replace(suite.find("Made <up>"), 9, "Made \\u0000\\u001b[31m");
  made_up_store(folder, suite);
  write_report(folder.path());
  const std::string html = read(folder.path() / "report.html");
  CHECK(html.find('\0') == std::string::npos);
  CHECK(html.find('\x1b') == std::string::npos);
  CHECK(html.find("Made ␀␛[31m") != std::string::npos);
}

TEST_CASE("of very many answers a page shows the first, and says where the others are") {
  const tests::TemporaryFolder folder;
  constexpr int kExperiments = 130;
  std::string suite = "name = \"many\"\n";
  std::vector<std::pair<std::string, std::string>> memberships;
  {
    Store store(folder.path());
    const TrialResult one = trial({"e", "erm", "offline"}, 8, 0, 0.2);
    store.append({one});
    for (int i = 0; i < kExperiments; ++i) {
      const std::string name = fmt::format("e{:03}", i);
      suite += fmt::format("[[experiment]]\nname = \"{}\"\n", name);
      memberships.emplace_back(one.spec.id(), name);
    }
    store.set_memberships(memberships);
    store.set_context({{"suite", suite}});
  }
  const ReportFiles files = write_report(folder.path());
  const std::string html = read(files.html);
  REQUIRE(files.left_out.size() == 2);
  CHECK(files.left_out.front().find(
            "The page shows charts and tables of the first 100 of 130 answers") == 0);
  CHECK(html.find("The page shows the first 100 of 130 shift curves") != std::string::npos);
  CHECK(html.find("30 further answers") != std::string::npos);
  const auto csv = folder.path() / "csv";
  CHECK(std::filesystem::exists(csv / "shift_e099.svg"));
  CHECK_FALSE(std::filesystem::exists(csv / "shift_e100.svg"));
  const auto further = records(read(csv / "further_tables_1.csv"));
  REQUIRE(further.size() == 30);
  CHECK(further.front().at("table") == "methods_e100");
  CHECK(further.front().at("ood") == "0.2");
  CHECK(read(csv / "further_charts.csv").find("\nshift_e129,erm,0.5,0.5,") != std::string::npos);
  const ReportFiles full = write_report(folder.path(), {{}, false, true});
  CHECK(full.left_out.empty());
  CHECK(std::filesystem::exists(csv / "shift_e129.svg"));
  CHECK_FALSE(std::filesystem::exists(csv / "further_charts.csv"));
}
