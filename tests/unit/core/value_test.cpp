#include "spurion/value.hpp"

#include "catch.hpp"
#include "spurion/error.hpp"

using namespace spurion;

namespace {
std::string message_of(const std::string& toml) {
  try {
    parse_toml(toml, "s.toml");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}
}  // namespace

TEST_CASE("TOML values keep their type and place") {
  const Value value = parse_toml("a = 1\nb = 1.0\n[c]\nd = [true, \"x\"]\n", "s.toml");
  CHECK(value.find("a")->is_integer());
  CHECK_FALSE(value.find("b")->is_integer());
  CHECK(value.find("b")->is_number());
  CHECK(value.find("c")->find("d")->where().text() == "s.toml:4:5");
  CHECK(value.canonical_json() == R"({"a":1,"b":1.0,"c":{"d":[true,"x"]}})");
}

TEST_CASE("a TOML syntax error names file, line and column") {
  CHECK(message_of("a = 1\nb = = 2\n").rfind("s.toml:2:", 0) == 0);
  CHECK(message_of("a = 2020-01-01\n") == "s.toml:1:5: dates and times are not used here");
}

TEST_CASE("canonical JSON reads back to the same value, floats to the last bit") {
  const Value value = Value::Table{{"x", 0.1 + 0.2}, {"y", 1e-320}, {"z", -0.0}, {"n", 3.0}};
  const Value again = parse_json(value.canonical_json(), "test");
  CHECK(again == value);
  CHECK(again.canonical_json() == value.canonical_json());
}

TEST_CASE("a missing file is one clear error") {
  CHECK_THROWS_WITH(read_toml("/nowhere/x.toml"), "cannot read '/nowhere/x.toml'");
}
