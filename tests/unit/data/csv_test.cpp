#include "data/csv.hpp"

#include "catch.hpp"
#include "spurion/error.hpp"
#include "unit/data/data_files.hpp"

using Catch::Contains;
using spurion::data::CsvTable;
using spurion::data::parse_csv;
using spurion::tests::data_problem;

namespace {

std::string csv_problem(const std::string& text) {
  return data_problem([&] {
    const CsvTable table = parse_csv(text, "f.csv");
    for (std::int64_t row = 0; row < table.rows(); ++row) (void)table.number(row, 0);
  });
}

}  // namespace

TEST_CASE("CSV: names, numbers, quotes, line ends") {
  for (const std::string end : {"\n", "\r\n"}) {
    const CsvTable table = parse_csv(
        "\xEF\xBB\xBF"
        "a,\"b, \"\"c\"\"\",d" +
            end + "1,x,-2.5e3" + end + "\"2\",\"two" + end + "lines\"," + end + end,
        "f.csv");
    CHECK(table.header() == std::vector<std::string>{"a", "b, \"c\"", "d"});
    REQUIRE(table.rows() == 2);
    CHECK(table.number(0, 0) == 1.0);
    CHECK(table.text(0, 1) == "x");
    CHECK(table.number(0, 2) == -2500.0);
    CHECK(table.number(1, 0) == 2.0);
    CHECK(table.text(1, 1) == "two" + end + "lines");
    CHECK(table.text(1, 2).empty());
    CHECK(table.line(1) == 3);
    CHECK(table.place(1, 1) == "'f.csv':3:5");
  }
}

TEST_CASE("CSV: without a line end at the end, an empty last field, no rows") {
  CHECK(parse_csv("a,b\n1,", "f.csv").text(0, 1).empty());
  CHECK(parse_csv("a,b", "f.csv").rows() == 0);
  CHECK(parse_csv("a\n1\n\n3\n", "f.csv").rows() == 3);  // one column: an empty field
}

TEST_CASE("CSV: semicolons and tabs part columns as well") {
  for (const char separator : {';', '\t'}) {
    std::string text = "a;\"b, c\";d\n1;\"x;y\";-2.5\n";
    for (char& c : text) c = c == ';' ? separator : c;
    const CsvTable table = parse_csv(text, "f.csv");
    CHECK(table.header() == std::vector<std::string>{"a", "b, c", "d"});
    REQUIRE(table.rows() == 1);
    CHECK(table.number(0, 2) == -2.5);
    CHECK(table.text(0, 1) == std::string("x") + separator + "y");
  }
  CHECK(parse_csv("\"a;b\",c\n1,2\n", "f.csv").header() == std::vector<std::string>{"a;b", "c"});
  CHECK_THAT(csv_problem("a;b,c\n1;2,3\n"),
             Contains("'f.csv':1:4: the first line has commas and semicolons"));
  CHECK_THAT(csv_problem("a\tb,c\n1,2\n"), Contains("'f.csv':1:1: the name 'a?b' contains a tab"));
}

TEST_CASE("CSV: decimal commas are refused, not read as something else") {
  CHECK(csv_problem("a;b\n1;2\n0,5;1.234\n") ==
        "'f.csv':3:1: '0,5' looks like a number with a decimal comma; write all numbers with a "
        "decimal point, and quote fields that are not numbers");
  CHECK_THAT(csv_problem("a\tb\n1\t-1.234,56\n"), Contains("'f.csv':2:3: '-1.234,56' looks like"));
  CHECK(csv_problem("a,b\n\"0,5\",1\n") ==
        "'f.csv':2:1: column 'a': expected a finite number, found '0,5'; numbers have a decimal "
        "point, not a comma");
  CHECK(csv_problem("a\n0,5\n") == "'f.csv':2:1: the row has 2 fields, the header has 1");
}

TEST_CASE("CSV: a whole number is read to its last digit or refused") {
  CHECK(parse_csv("a\n9007199254740992\n", "f.csv").number(0, 0) == 9007199254740992.0);
  CHECK(parse_csv("a\n-100000000000000000000\n", "f.csv").number(0, 0) == -1e20);
  CHECK(parse_csv("a\n000000000000000000001\n", "f.csv").number(0, 0) == 1.0);
  CHECK(csv_problem("a\n1\n9007199254740993\n") ==
        "'f.csv':3:1: column 'a': 9007199254740993 is a whole number with more digits than float64 "
        "can hold; expected at most 2^53");
  CHECK_THAT(csv_problem("a\n+-5\n"), Contains("found '+-5'"));
  CHECK(parse_csv("a\n+5\n", "f.csv").number(0, 0) == 5.0);
}

TEST_CASE("CSV: what is wrong is said with line and byte") {
  CHECK(csv_problem("") ==
        "'f.csv':1:1: expected a line with the names of the columns, found nothing");
  CHECK(csv_problem("a,b\n1,2\n3\n") == "'f.csv':3:1: the row has 1 field, the header has 2");
  CHECK(csv_problem("a,b\n1,2,3\n") == "'f.csv':2:1: the row has 3 fields, the header has 2");
  CHECK(csv_problem("a,a\n") == "'f.csv':1:3: two columns are called 'a'");
  CHECK(csv_problem("a,,c\n") == "'f.csv':1:3: a column has no name");
  CHECK(csv_problem("a,b\n1,\"2\n3\n") == "'f.csv':2:3: a quote that is not closed");
  CHECK(csv_problem("a\n1\"2\n") ==
        "'f.csv':2:2: a quote inside a field that does not start with one");
  CHECK(csv_problem("a\n\"1\"2\n") ==
        "'f.csv':2:4: expected a comma or the end of the line after a closing quote");
  CHECK(csv_problem("a\n1\r2\n") == "'f.csv':2:2: a carriage return without a line feed");
  CHECK(csv_problem(std::string("a\n1\0\n", 5)) ==
        "'f.csv':2:2: a NUL byte: this is not a text file");
  CHECK(csv_problem("a,b\n1,2\nx,2\n") ==
        "'f.csv':3:1: column 'a': expected a finite number, found 'x'");
  CHECK(csv_problem("a\nnan\n") ==
        "'f.csv':2:1: column 'a': expected a finite number, found 'nan'");
  CHECK(csv_problem("a\n1e999\n") ==
        "'f.csv':2:1: column 'a': expected a finite number, found '1e999'");
}
