// A trial is named by its file, not by what is in it: a store must not go on with other rows.
#include <fmt/format.h>

#include <fstream>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// 240 rows of two domains; `last` is the first input of the last row.
void write_rows(const std::filesystem::path& file, double last) {
  std::ofstream out(file);
  out << "label,spurious,causal,reading,domain\n";
  for (int row = 0; row < 240; ++row) {
    const int label = row % 2;
    const bool agrees = row % 10 < 8;
    out << fmt::format("{},{},{},{},{}\n", label, agrees ? label : 1 - label, label,
                       row == 239 ? last : 0.1 * row, row < 160 ? "usual" : "test");
  }
}

Suite suite_of(const std::filesystem::path& file, const char* steps) {
  return Suite::parse(fmt::format(R"toml(
name = "own"
seeds = 2
[defaults]
environment = {{ name = "table", file = "{}" }}
model = {{ name = "linear" }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = {}, rows = 10, batch = 5 }}
evaluation = {{ rows = 4, training_rows = 0 }}
[[experiment]]
name = "own"
)toml",
                                  file.string(), steps),
                      "own.toml");
}

}  // namespace

TEST_CASE("a store does not go on with other rows of the same file") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "rows.csv";
  const Catalog catalog = builtin_catalog();
  RunOptions options;
  options.out = folder.path() / "first";
  options.jobs = 1;
  write_rows(file, 1.0);
  CHECK(run_suite(suite_of(file, "3"), catalog, options).trials_found == 0);
  CHECK(run_suite(suite_of(file, "3"), catalog, options).trials_found == 2);

  write_rows(file, 1.5);  // one number of one row
  CHECK_THROWS_WITH(run_suite(suite_of(file, "3"), catalog, options),
                    Contains("table") && Contains("rows.csv") && Contains("--out"));
  // Nor is a trial that is not there yet put beside those of the old rows.
  CHECK_THROWS_AS(run_suite(suite_of(file, "4"), catalog, options), DataError);

  options.out = folder.path() / "second";
  CHECK(run_suite(suite_of(file, "3"), catalog, options).trials_found == 0);
  // Nor are stores of both read as one.
  const auto beside = folder.path() / "first" / "other.sqlite";
  std::filesystem::copy_file(folder.path() / "second" / "store.sqlite", beside);
  CHECK_THROWS_AS(read_results(folder.path() / "first"), DataError);
  std::filesystem::remove(beside);

  write_rows(file, 1.0);
  options.out = folder.path() / "first";
  CHECK(run_suite(suite_of(file, "3"), catalog, options).trials_found == 2);
}
