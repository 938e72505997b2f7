#include "spurion/value.hpp"

#include <sys/stat.h>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"

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
  CHECK(message_of("a = 2020-01-01\n") == "s.toml:1:5: dates and times are not supported");
  // What it quotes of the file may hold the end of a line, or what a terminal obeys.
  CHECK(message_of("a = na\n[").find('\n') == std::string::npos);
  CHECK(message_of("a = na\x1b[2J").find('\x1b') == std::string::npos);
}

TEST_CASE("canonical JSON reads back to the same value, floats to the last bit") {
  const Value value = Value::Table{{"x", 0.1 + 0.2}, {"y", 1e-320}, {"z", -0.0}, {"n", 3.0}};
  const Value again = parse_json(value.canonical_json(), "test");
  CHECK(again == value);
  CHECK(again.canonical_json() == value.canonical_json());
}

TEST_CASE("a missing file is one clear error") {
  CHECK_THROWS_WITH(read_toml("/nowhere/x.toml"),
                    "cannot read '/nowhere/x.toml': No such file or directory");
}

TEST_CASE("a copy of a value shares its parts until one of the two is changed") {
  Value value = Value::Table{{"list", Value::List{Value(1), Value(2)}}, {"name", "erm"}};
  Value copy = value;
  const Value& same = copy;
  const Value& original = value;
  CHECK(&same.as_table() == &original.as_table());
  copy.as_table()["name"] = "irm_v1";
  copy.as_table()["list"].as_list().emplace_back(3);
  CHECK(value.canonical_json() == R"({"list":[1,2],"name":"erm"})");
  CHECK(copy.canonical_json() == R"({"list":[1,2,3],"name":"irm_v1"})");
  CHECK(copy != value);
  CHECK(Value() == Value(Value::Table{}));
  CHECK(Value().as_table().empty());
  Value empty;
  empty.as_table()["x"] = 1;
  CHECK(empty.canonical_json() == R"({"x":1})");
  CHECK(Value().canonical_json() == "{}");
}

TEST_CASE("values are small, and equal ones can be made to share what they hold") {
  static_assert(sizeof(Value) <= 16, "suites have millions of them");
  const std::string text =
      R"({"list":[1,-0.0],"name":"a name that is long","rate":0.1,"table":{"x":"some other text"}})";
  const Value first = parse_json(text, "first");
  Value second = parse_json(text, "second");
  second.as_table()["rate"] = 0.2;
  const std::string before = second.canonical_json();
  second.share_parts(first);
  CHECK(second.canonical_json() == before);
  const auto same = [](const Value& a, const Value& b, const char* name) {
    return &a.as_table().find(name)->first == &b.as_table().find(name)->first;
  };
  const Value& shared = second;
  CHECK(same(shared, first, "rate"));
  CHECK(&shared.find("name")->as_string() == &first.find("name")->as_string());
  CHECK(&shared.find("list")->as_list() == &first.find("list")->as_list());
  CHECK(&shared.find("table")->as_table() == &first.find("table")->as_table());
  // To change one of them leaves the other as it was.
  second.as_table()["list"].as_list().emplace_back(3);
  second.as_table().erase("name");
  second.as_table()["zeta"] = true;
  CHECK(first.canonical_json() == text);
  CHECK(second.canonical_json() ==
        R"({"list":[1,-0.0,3],"rate":0.2,"table":{"x":"some other text"},"zeta":true})");
  // What is equal, but not to the bit, has another text.
  Value zero = parse_json(R"({"list":[1,0.0]})", "zero");
  zero.share_parts(parse_json(R"({"list":[1,-0.0]})", "minus"));
  CHECK(zero.canonical_json() == R"({"list":[1,0.0]})");
}

TEST_CASE("a table is read in the order of its names, and gives references to its values") {
  Value value = Value::Table{{"b", 2}, {"a", 1}, {"b", 3}};
  std::string names;
  for (const auto& [name, one] : value.as_table()) names += name;
  CHECK(names == "ab");
  for (auto&& [name, one] : value.as_table()) one = one.as_integer() * 10;
  CHECK(value.canonical_json() == R"({"a":10,"b":20})");
  Value::Table& table = value.as_table();
  CHECK(table.count("a") == 1);
  CHECK(table.find("c") == table.end());
  CHECK_FALSE(table.emplace("a", 5).second);
  const auto next = table.erase(table.find("a"));
  CHECK(next->first == "b");
  CHECK(next->second.as_integer() == 20);
  CHECK_THROWS_AS(table.at("a"), LogicError);
  CHECK(value == Value(Value::Table{{"b", 20}}));
}

TEST_CASE("a value read from a text keeps its place, whatever it becomes") {
  const Value value = parse_toml("a = [1, 2]\n", "s.toml");
  Value copy = *value.find("a");
  copy.as_list().emplace_back("x");
  CHECK(copy.where().text() == "s.toml:1:5");
  const Value moved = std::move(copy);
  CHECK(moved.where().text() == "s.toml:1:5");
  CHECK(moved.canonical_json() == R"([1,2,"x"])");
  copy = moved;
  copy = 5;
  CHECK(copy.where().text().empty());
}

TEST_CASE("a JSON text that cannot be read is told as one sentence") {
  CHECK_THROWS_WITH(parse_json("{\"a\": [1, null]}", "x"), "x: null is not supported");
  CHECK_THROWS_WITH(parse_json("{\"a\": 1e999}", "x"), Catch::Contains("x: not valid JSON: "));
  CHECK_THROWS_WITH(parse_json("{\"a\": null, }", "x"), Catch::Contains("x: not valid JSON: "));
  CHECK_THROWS_WITH(parse_json("1 2", "x"), Catch::Contains("x: not valid JSON: "));
  CHECK(parse_json("{\"a\": 1, \"b\": {}, \"a\": [2.0]}", "x").canonical_json() ==
        R"({"a":[2.0],"b":{}})");
}

TEST_CASE("canonical JSON escapes what JSON wants escaped") {
  const Value value = Value::Table{{"a\"b", "tab\t \\ \x7f gr\u00f6\u00dfe"}, {"", ""}};
  CHECK(value.canonical_json() == "{\"\":\"\",\"a\\\"b\":\"tab\\t \\\\ \x7f gr\u00f6\u00dfe\"}");
  CHECK(parse_json(value.canonical_json(), "test") == value);
}

TEST_CASE("TOML that nests without bound is refused before a parser recurses into it") {
  std::string dotted = "a";
  for (int i = 0; i < 30000; ++i) dotted += ".a";
  const std::string refused = "tables and lists nest more than 100 deep here";
  CHECK(message_of("x = 1\n" + dotted + " = 1\n") == "s.toml:2:202: " + refused);
  CHECK(message_of("[" + dotted + "]\n") == "s.toml:1:201: " + refused);
  CHECK(message_of("[[" + dotted + "]]\n") == "s.toml:1:200: " + refused);
  CHECK(message_of("a = " + std::string(100000, '[')) == "s.toml:1:105: " + refused);
  std::string inner;
  for (int i = 0; i < 40; ++i) inner += "{ b.c.d = ";
  CHECK_THAT(message_of("a = " + inner), Catch::Contains(refused));
  std::string quoted = "'a'";
  for (int i = 0; i < 200; ++i) quoted += " . \"a.b\"";
  CHECK_THAT(message_of(quoted + " = 1\n"), Catch::Contains(refused));
  // A header and the keys below it add up.
  const std::string sixty = dotted.substr(0, 119);
  CHECK(message_of("[" + sixty + "]\nx = 1\n").empty());
  CHECK_THAT(message_of("[" + sixty + "]\n" + sixty + " = 1\n"), Catch::Contains(refused));
}

TEST_CASE("dots and brackets that nest nothing do not count as depth") {
  std::string numbers = "a = [\n";
  for (int i = 0; i < 300; ++i) numbers += "1.5, 2.5, # ([{ a.b.c\n {x.y = 0.25},\n";
  CHECK(message_of(numbers + "]\n").empty());
  CHECK(message_of("a = \"\"\"" + std::string(200, '[') + "\n\"\"\"\"\nb = '" +
                   std::string(200, '{') + "'\n")
            .empty());
  std::string tables;
  for (int i = 0; i < 300; ++i) tables += "[[a.b]]\nx.y = 0.5\n[a.b.c]\nz = [[1.0], [2.0]]\n";
  CHECK(message_of(tables).empty());
  // A bracket that is missing is told by the parser, not as depth.
  CHECK_THAT(message_of("a = [0.5, 0.5\n" + tables), !Catch::Contains("nest more than"));
}

TEST_CASE("JSON that nests without bound, or holds an integer of more than 64 bits, is refused") {
  CHECK_THROWS_WITH(parse_json(std::string(200000, '['), "x"),
                    "x: the JSON nests lists and objects more than 100 deep");
  CHECK(parse_json("[\"" + std::string(200, '[') + "\"]", "x").as_list().size() == 1);
  CHECK_THROWS_WITH(parse_json("18446744073709551615", "x"),
                    "x: the integer 18446744073709551615 is too large");
}

TEST_CASE("a pipe, a folder or a device is no suite") {
  const tests::TemporaryFolder folder;
  const std::string pipe = (folder.path() / "pipe.toml").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(
      read_toml(pipe),
      "cannot read '" + pipe + "': it is not a plain file but a pipe, a socket or a device");
  CHECK_THROWS_WITH(read_toml(folder.path()),
                    "cannot read '" + folder.path().string() + "': it is a folder");
}
