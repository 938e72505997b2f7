#include "cli/text.hpp"

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
