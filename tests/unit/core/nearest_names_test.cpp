// What is said of a name that is not there: the names that may have been meant, not all of them.
#include "core/nearest_names.hpp"

#include <fmt/format.h>

#include "catch.hpp"
#include "core/counted.hpp"
#include "spurion/error.hpp"

using namespace spurion;

TEST_CASE("the nearest names come first, then those that contain what was typed") {
  const std::vector<std::string> all = {"model.width", "width", "flip rate", "irm_v1",
                                        "irm",         "erm",   "v_rex"};
  const auto near = [&](const char* name) { return core::nearest_names(name, all, 3); };
  CHECK(near("widht") == std::vector<std::string>{"width"});
  CHECK(near("Flip_Rate") == std::vector<std::string>{"flip rate"});
  CHECK(near("rex") == std::vector<std::string>{"v_rex"});
  CHECK(core::nearest_names("irm", {"erm", "ID", "irm_v1", "gru"}, 2) ==
        std::vector<std::string>{"erm", "irm_v1"});
  CHECK(near("model") == std::vector<std::string>{"model.width"});
  CHECK(near("zzzzzzzz").empty());
  CHECK(core::nearest_names("width", {"width", "width"}, 3).size() == 1);
}

TEST_CASE("of many names a message lists the nearest, of few all") {
  std::vector<std::string> many;
  for (int i = 0; i < 70; ++i) many.push_back(fmt::format("training.option_number_{:02}", i));
  many.emplace_back("model.width");
  const std::string message = unknown_name_message("option", "width", many);
  CHECK(message ==
        "unknown option 'width'; did you mean 'model.width'? (the nearest of 71 names: "
        "model.width)");
  CHECK_THAT(unknown_name_message("option", "zzz", many), Catch::Contains("and 41 more)"));
  CHECK(unknown_name_message("option", "a", {}) == "unknown option 'a'");
}

TEST_CASE("a number and its noun agree") {
  CHECK(core::counted(1, "column") == "1 column");
  CHECK(core::counted(0, "column") == "0 columns");
  CHECK(core::counted(std::size_t{2}, "column") == "2 columns");
  CHECK(core::is_or_are(1) == std::string("is"));
  CHECK(core::is_or_are(3) == std::string("are"));
}
