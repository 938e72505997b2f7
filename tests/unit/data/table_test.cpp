#include "data/table.hpp"

#include <sys/stat.h>

#include <cmath>

#include "catch.hpp"
#include "data/csv.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/data/data_files.hpp"

using namespace spurion::data;
using Catch::Contains;
using spurion::DataError;
using spurion::tests::write_file;

TEST_CASE("a table is the same from CSV, NPY and NPZ") {
  const spurion::tests::TemporaryFolder folder;
  const Table csv = read_table(write_file(folder.path() / "a", "a,b\n1,2\n3,4.5\n"));
  CHECK(csv.numbers("b") == std::vector<double>{2, 4.5});
  CHECK(csv.place(1) == "'" + (folder.path() / "a").string() + "':3");

  const std::vector<double> values = {1, 2, 3, 4.5};
  const Table npy =
      read_table(write_file(folder.path() / "b", npy_bytes(Array::of(values, {2, 2}))));
  CHECK(npy.names() == std::vector<std::string>{"0", "1"});
  CHECK(npy.numbers("1") == csv.numbers("b"));

  write_npz(folder.path() / "c",
            {{"x", Array::of(values, {2, 2})},
             {"y", Array::of(std::vector<std::int64_t>{1, 0}, {2})},
             {"metadata", Array::of_text("{}{}{}")}},
            Compression::store);
  const Table npz = read_table(folder.path() / "c");
  CHECK(npz.names() == std::vector<std::string>{"x_0", "x_1", "y"});
  CHECK(npz.numbers("x_1") == csv.numbers("b"));
}

TEST_CASE("tables that are none say where and why") {
  const spurion::tests::TemporaryFolder folder;
  const Table words = read_table(write_file(folder.path() / "a", "place,v\nurban,1\nrural,2\n"));
  CHECK(words.at("place").words == std::vector<std::string>{"urban", "rural"});
  CHECK_THROWS_WITH(words.numbers("place"),
                    Contains("':2:1: column 'place': expected a finite number, found 'urban'"));
  CHECK_THROWS_WITH(words.at("plaec"), Contains("unknown column 'plaec'; did you mean 'place'?"));
  CHECK_THROWS_WITH(read_table(write_file(folder.path() / "b", "a,b\n")),
                    Contains("there are no rows"));
  write_npz(folder.path() / "c",
            {{"x", Array::of(std::vector<double>{1, 2}, {2})},
             {"y", Array::of(std::vector<double>{1}, {1})}},
            Compression::store);
  CHECK_THROWS_WITH(read_table(folder.path() / "c"),
                    Contains("array 'x' has 2 rows, array 'y' has 1"));
  const auto nan =
      write_file(folder.path() / "d", npy_bytes(Array::of(std::vector<double>{NAN}, {1})));
  CHECK_THROWS_WITH(read_table(nan), Contains("expected a finite number"));
  CHECK_THROWS_AS(read_table(folder.path() / "none"), DataError);
}

TEST_CASE("what is no regular file is refused at once: reading a pipe would wait for ever") {
  const spurion::tests::TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe.npz";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_table(pipe),
                    "'" + pipe.string() + "': expected a CSV, NPY, NPZ or IDX file, found a pipe");
  CHECK_THROWS_WITH(read_table("/dev/null"), Contains("found a device"));
  CHECK_THROWS_WITH(read_table(folder.path()), Contains("found a folder"));
  CHECK_THROWS_AS(read_csv(pipe), DataError);
  CHECK_THROWS_AS(read_npz(pipe), DataError);
}

TEST_CASE("whole numbers beyond 2^53 are words: told apart, but no numbers") {
  const spurion::tests::TemporaryFolder folder;
  const auto npz = folder.path() / "a.npz";
  write_npz(npz,
            {{"id", Array::of(std::vector<std::int64_t>{9007199254740992, 9007199254740993}, {2})},
             {"y", Array::of(std::vector<std::int64_t>{1, 0}, {2})}},
            Compression::store);
  const auto csv =
      write_file(folder.path() / "a.csv", "id,y\n9007199254740992,1\n9007199254740993,0\n");
  for (const auto& file : {npz, csv}) {
    const Table table = read_table(file);
    CHECK(table.at("id").words == std::vector<std::string>{"9007199254740992", "9007199254740993"});
    CHECK_THROWS_WITH(table.numbers("id"), Contains("9007199254740993 is a whole number"));
    CHECK(table.numbers("y") == std::vector<double>{1, 0});
  }
}

TEST_CASE("columns are found by name in time that does not grow with their number") {
  // A million columns: found by walking along them this would take half an hour.
  std::vector<Column> columns;
  for (int c = 0; c < 1000000; ++c) columns.push_back({std::to_string(c), {1.0 * c}, {}, {}});
  const Table table("'f'", std::move(columns), {});
  double sum = 0.0;
  for (int c = 0; c < 1000000; ++c) sum += table.numbers(std::to_string(c)).front();
  CHECK(sum == 499999.5e6);
  CHECK_THROWS_WITH(table.at("x"), Contains("(the nearest of 1000000 names: 0, 1, 2, 3, 4)"));
}

TEST_CASE("the example that comes with spurion is its formula") {
  const Table table = read_table(find_data_file("table_example.csv"));
  REQUIRE(table.rows() == 900);
  const auto fraction = [](double prime, std::int64_t row) {
    const double value = static_cast<double>(row + 1) * std::sqrt(prime);
    return value - std::floor(value);
  };
  const double shifts[] = {0.1, 0.2, 0.9};
  const char* names[] = {"train_a", "train_b", "test"};
  for (std::int64_t row = 0; row < 900; ++row) {
    const auto at = static_cast<std::size_t>(row);
    const int causal = fraction(2, row) < 0.5 ? 1 : 0;
    const int label = fraction(3, row) < 0.15 ? 1 - causal : causal;
    const int cue = fraction(5, row) < shifts[at % 3] ? 1 - label : label;
    CHECK(table.numbers("causal")[at] == causal);
    CHECK(table.numbers("label")[at] == label);
    CHECK(table.numbers("spurious")[at] == cue);
    CHECK(table.at("domain").words[at] == names[at % 3]);
    CHECK(table.numbers("reading_1")[at] ==
          Approx((2 * causal - 1) * 0.8 + 4 * (fraction(7, row) - 0.5)).margin(6e-4));
  }
}

TEST_CASE("a file that is called .npy or .npz and is none is not read as CSV") {
  const spurion::tests::TemporaryFolder folder;
  for (const char* content : {"garbage", "a,b\n1,2\n"}) {
    CHECK_THROWS_WITH(read_table(write_file(folder.path() / "a.npy", content)),
                      Contains("a.npy': not an NPY file"));
    CHECK_THROWS_WITH(read_table(write_file(folder.path() / "a.npz", content)),
                      Contains("a.npz': not an NPZ file"));
  }
  // What it holds decides where that is known.
  const auto file =
      write_file(folder.path() / "b.npz", npy_bytes(Array::of(std::vector<double>{1, 2}, {2, 1})));
  CHECK(read_table(file).rows() == 2);
}
