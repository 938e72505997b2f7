#include "spurion/schema.hpp"

#include "catch.hpp"
#include "spurion/optimizer.hpp"

using namespace spurion;

namespace {

struct Options {
  double weight = 2.0;
  PerReplica<std::int64_t> steps = 3;
  std::string mode = "fast";
  std::vector<double> shifts = {0.1, 0.2};
  bool flag = false;
};

const Schema<Options>& schema() {
  static const auto built =
      Schema<Options>()
          .field("weight", &Options::weight, "A weight.", between(0, 10), log_uniform(0.1, 10))
          .field("steps", &Options::steps, "Steps.", at_least(1), uniform_integer(1, 9))
          .field("mode", &Options::mode, "Mode.", one_of({"fast", "slow"}))
          .field("shifts", &Options::shifts, "Shifts.", between(0, 1))
          .field("flag", &Options::flag, "Flag.")
          .preset("easy", {{"weight", 1.0}, {"mode", "slow"}}, "for a first look")
          .preset("hard", {{"weight", 9}, {"shifts", Value::List{0.0, 0.05}}});
  return built;
}

std::vector<std::string> problems_of(const std::string& toml) {
  Problems problems;
  schema().parse(parse_toml(toml, "s.toml"), "thing", problems);
  return problems.list();
}

}  // namespace

TEST_CASE("all problems of a table are told at once, with place, bounds and nearest name") {
  CHECK(
      problems_of("weigth = 1.0\nsteps = 1.5\nmode = \"slo\"\nshifts = [0.5, 2]\nflag = 1\n") ==
      std::vector<std::string>{
          "s.toml:1:10: unknown option 'weigth' of thing; did you mean 'weight'? (there are: "
          "weight, "
          "steps, mode, shifts, flag, preset)",
          "s.toml:2:9: 'steps' of thing expects an integer, got number",
          "s.toml:3:8: 'mode' of thing must be one of: fast, slow, got 'slo'; did you mean 'slow'?",
          "s.toml:4:16: 'shifts' of thing must be in [0, 1], got 2",
          "s.toml:5:8: 'flag' of thing expects true or false, got integer"});
  CHECK(problems_of("mode = 2").front() ==
        "s.toml:1:8: 'mode' of thing expects a string, one of: fast, slow, got integer");
  CHECK(problems_of("weight = -3").front() ==
        "s.toml:1:10: 'weight' of thing must be in [0, 10], got -3");
}

TEST_CASE("a number that is not finite is no option: stores could not hold it") {
  for (const char* number : {"inf", "-inf", "nan"}) {
    CHECK(
        problems_of(std::string("weight = ") + number) ==
        std::vector<std::string>{
            std::string("s.toml:1:10: 'weight' of thing expects a finite number, got ") + number});
  }
  Problems problems;
  OptimizerOptions::schema().parse(parse_toml("learning_rate = inf", "s.toml"), "optimizer",
                                   problems);
  CHECK(problems.list().size() == 1);
}

TEST_CASE("a preset is the start, what is written beside it is laid over it") {
  Problems problems;
  const auto printed = [&](const char* toml) {
    return schema().print(schema().parse(parse_toml(toml, "s"), "thing", problems));
  };
  CHECK(printed("preset = \"easy\"") == printed("weight = 1.0\nmode = \"slow\""));
  CHECK(printed("preset = \"easy\"\nmode = \"fast\"") == printed("weight = 1.0"));
  CHECK(problems.empty());
  CHECK(problems_of("preset = \"hart\"") ==
        std::vector<std::string>{
            "s.toml:1:10: unknown preset 'hart' of thing; did you mean 'hard'? (there are: easy, "
            "hard)"});
  CHECK(problems_of("preset = 1") ==
        std::vector<std::string>{"s.toml:1:10: 'preset' of thing expects a string, got integer"});
}

TEST_CASE("a preset says itself what it sets") {
  REQUIRE(schema().presets().size() == 2);
  CHECK(schema().presets()[0].doc == "weight = 1, mode = \"slow\": for a first look");
  CHECK(schema().presets()[1].doc == "weight = 9, shifts = [0, 0.05]");
  auto own = schema();
  CHECK(own.preset("medium", {}).presets().back().doc == "the defaults");
  CHECK_THROWS_AS(own.preset("odd", {{"wait", 1.0}}), LogicError);
  CHECK_THROWS_AS(own.preset("odd", {{"weight", 11.0}}), LogicError);
}

TEST_CASE("a schema includes that of a base, with the defaults of its own options") {
  struct Derived : Options {
    Derived() { weight = 5.0; }
    std::int64_t more = 1;
  };
  const auto derived =
      Schema<Derived>().field("more", &Derived::more, "More.", at_least(0)).include(schema());
  REQUIRE(derived.fields().size() == 6);
  CHECK(derived.fields()[1].name == "weight");
  CHECK(derived.fields()[1].default_value == Value(5.0));
  CHECK(derived.fields()[2].per_replica);
  Problems problems;
  const Derived read = derived.parse(parse_toml("steps = 4\nmore = 2", "s"), "x", problems);
  CHECK(problems.empty());
  CHECK(read.steps.value() == 4);
  CHECK(derived.print(read).find("weight")->as_number() == 5.0);
  Derived other = read;
  other.steps = 9;
  CHECK(derived.gather({read, other}).steps.at(1) == 9);
}

TEST_CASE("an integer is accepted where a number is expected") {
  Problems problems;
  const Options options = schema().parse(parse_toml("weight = 4", "s"), "thing", problems);
  CHECK(problems.empty());
  CHECK(options.weight == 4.0);
}

TEST_CASE("options survive printing and parsing") {
  Problems problems;
  const Options options =
      schema().parse(parse_toml("steps = 7\nmode = \"slow\"", "s"), "x", problems);
  const Value printed = schema().print(options);
  CHECK(schema().print(schema().parse(printed, "x", problems)) == printed);
  CHECK(printed.find("weight")->as_number() == 2.0);
}

TEST_CASE("per-replica fields gather the values of the trials") {
  Options first;
  Options second;
  second.steps = 9;
  const Options both = schema().gather({first, second});
  CHECK(both.steps.at(0) == 3);
  CHECK(both.steps.at(1) == 9);
}

TEST_CASE("search draws stay within their range and depend on the key only") {
  for (const FieldInfo& field : schema().fields()) {
    if (field.search.kind == Search::Kind::fixed) continue;
    for (std::uint64_t i = 0; i < 200; ++i) {
      const Value value = field.search.draw(RandomKey(i));
      CHECK(field.bounds.holds(value.as_number()));
      CHECK(value == field.search.draw(RandomKey(i)));
    }
  }
}

TEST_CASE("optimizer options have sound defaults") {
  Problems problems;
  const auto& fields = OptimizerOptions::schema();
  fields.parse(fields.print({}), "optimizer", problems);
  CHECK(problems.empty());
}

TEST_CASE("a preset of what has none is an error that says so") {
  struct Bare {
    double weight = 1.0;
  };
  const auto schema = Schema<Bare>().field("weight", &Bare::weight, "How heavy.");
  Problems problems;
  (void)schema.parse(parse_toml("preset = \"easy\"", "s.toml"), "thing", problems);
  CHECK(problems.list() == std::vector<std::string>{"s.toml:1:10: thing has no presets"});
}
