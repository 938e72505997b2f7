#include "cli/text.hpp"

#include <cstdlib>
#include <string>
#include <utility>

#include "catch.hpp"
#include "cli/training/progress.hpp"

using namespace spurion;
using namespace spurion::cli;

TEST_CASE("numbers as people read them") {
  CHECK(count(1, "trial") == "1 trial");
  CHECK(count(0, "trial") == "0 trials");
  CHECK(count(999, "trial") == "999 trials");
  CHECK(count(1234567, "trial") == "1,234,567 trials");
  CHECK(duration(0.4) == "0 s");
  CHECK(duration(59.6) == "1 min 0 s");
  CHECK(duration(125) == "2 min 5 s");
  CHECK(duration(7500) == "2 h 5 min");
  CHECK(bytes(999) == "999 bytes");
  CHECK(bytes(1.25e6) == "1.2 MB");
  CHECK(flops(3.14e12) == "3.1 TFLOP");
  CHECK(flops(42e9) == "42 GFLOP");
}

TEST_CASE("text is wrapped at spaces") {
  CHECK(wrapped("one two three four five six seven", 24, 2) ==
        "  one two three four\n  five six seven\n");
  CHECK(wrapped("a\nb", 40, 4) == "    a\n    b\n");
}

TEST_CASE("COLUMNS says how wide text is, where it is a number") {
  constexpr int kNoTerminal = -1;
  const char* before = std::getenv("COLUMNS");
  const std::string kept = before == nullptr ? "" : before;
  for (const auto& [columns, expected] :
       {std::pair("72", 72), std::pair("1", 40), std::pair("5000000", 1000000),
        std::pair("wide", 100), std::pair("72x", 100), std::pair("", 100), std::pair("-3", 100)}) {
    CAPTURE(columns);
    setenv("COLUMNS", columns, 1);
    CHECK(terminal_columns(kNoTerminal, 100) == expected);
  }
  unsetenv("COLUMNS");
  CHECK(terminal_columns(kNoTerminal, 100) == 100);
  if (before != nullptr) setenv("COLUMNS", kept.c_str(), 1);
}

TEST_CASE("tables line up, and their last column is wrapped") {
  Table table({"name", "what"});
  table.add({"a", "short"});
  table.add({"longer", "so many words that they do not fit the line"});
  CHECK(table.text(1, 40) ==
        " name    what\n"
        " a       short\n"
        " longer  so many words that they do not\n"
        "         fit the line\n");
}

TEST_CASE("a command line can be pasted into a shell") {
  CHECK(shell_line({"spurion", "run", "my suite.toml", "it's"}) ==
        "spurion run 'my suite.toml' 'it'\\''s'");
}

TEST_CASE("the progress line fits its terminal") {
  Progress progress;
  progress.trials_total = 72;
  progress.trials_done = 33;
  progress.share = 0.46;
  progress.seconds_left = 72;
  CHECK(progress_line("first_look", progress, 100) ==
        "first_look [#############-----------------]  46 %  33 of 72 trials  1 min 12 s left");
  for (const int columns : {20, 40, 60, 80, 200}) {
    CHECK(progress_line("first_look", progress, columns).size() <
          static_cast<std::size_t>(columns));
  }
  progress.seconds_left = -1;
  progress.diverged = 2;
  CHECK(
      progress_line("first_look", progress, 100) ==
      "first_look [#############-----------------]  46 %  33 of 72 trials (2 diverged or failed)");
}
