#include <clocale>
#include <cstdlib>
#include <locale>

#include "catch.hpp"
#include "spurion/report.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;

namespace {

/// "1.234,5", as German writes 1234.5, whatever locales the machine has.
class GermanNumbers : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

/// While it lives the program is one that speaks German: for C++, and for C where the machine can
/// make such a locale.
class GermanHost {
 public:
  GermanHost()
      : before_(std::locale::global(std::locale(std::locale::classic(), new GermanNumbers))) {
    const std::string folder = own_.path().string();
    setenv("LOCPATH", folder.c_str(), 1);
    const std::string make =
        "localedef -i de_DE -f UTF-8 '" + folder + "/de_DE.UTF-8' >/dev/null 2>&1";
    speaks_c_ = std::system(make.c_str()) == 0 && std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  }
  ~GermanHost() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
  }
  [[nodiscard]] bool speaks_c() const { return speaks_c_; }
  GermanHost(const GermanHost&) = delete;
  GermanHost& operator=(const GermanHost&) = delete;

 private:
  tests::TemporaryFolder own_;
  std::locale before_;
  bool speaks_c_ = false;
};

/// Everything that is read and written on the way of a number, as one text.
std::string whole_way(const std::filesystem::path& folder) {
  const Catalog catalog = builtin_catalog();
  Suite suite = Suite::parse(tests::tiny_suite(), "s.toml");
  suite.experiments.front().sections.as_table()["regime"] = parse_toml(
      "name = \"continual\"\ntrajectory = \"fixed\"\nphase_count = 1\n"
      "control_shift = \"classes\"\ncontrol_shift_levels = [0.125]\n",
      "r.toml");
  suite.experiments.front().sections.as_table()["training"].as_table()["rows"] = 1234;
  RunOptions options;
  options.out = folder;
  options.jobs = 1;
  run_suite(suite, catalog, options);
  std::string text = suite.to_toml();
  for (const TrialResult& trial : read_results(folder).trials) {
    text += trial.spec.id() + trial.spec.canonical().canonical_json() + '\n';
    for (const Measurement& row : trial.measurements) {
      text += row.domain + ' ' + row.metric + ' ' + Value(row.value).canonical_json() + '\n';
    }
  }
  return text + terminal_report(folder, 100);
}

}  // namespace

TEST_CASE("numbers do not depend on the language of the program around them") {
  const tests::TemporaryFolder usual;
  const tests::TemporaryFolder german;
  const std::string expected = whole_way(usual.path());
  const GermanHost host;
  if (host.speaks_c()) CHECK(std::string(std::localeconv()->decimal_point) == ",");
  CHECK(whole_way(german.path()) == expected);
  CHECK(ControlShift{ControlShift::Kind::classes, 0.125}.text() == "classes=0.125");
  CHECK(parse_toml("a = 1.5\nb = 1e-3\n", "x").canonical_json() == R"({"a":1.5,"b":0.001})");
  CHECK(parse_json("[1.5,1e-3]", "x").canonical_json() == "[1.5,0.001]");
}
