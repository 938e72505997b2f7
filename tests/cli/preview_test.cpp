#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("a preview of an environment of pictures is a PNG") {
  Shell shell;
  const TemporaryFolder folder;
  const auto file = folder.path() / "shapes.png";
  const Finished drawn = shell.run({"describe", "textured_shapes", "--preview", file.string()});
  CHECK(drawn.code == 0);
  CHECK(drawn.err.empty());
  std::ifstream in(file, std::ios::binary);
  std::string start(8, ' ');
  in.read(start.data(), 8);
  CHECK(start == "\x89PNG\r\n\x1a\n");
}

TEST_CASE("a preview that cannot be is refused and leaves no file") {
  Shell shell;
  const TemporaryFolder folder;
  const auto file = folder.path() / "bits.png";
  const Finished bits = shell.run({"describe", "two_bit", "--preview", file.string()});
  CHECK(bits.code != 0);
  CHECK_THAT(bits.err, Contains("are not images"));
  CHECK_FALSE(std::filesystem::exists(file));
  const Finished jpeg = shell.run({"describe", "textured_shapes", "--preview", "shapes.jpg"});
  CHECK(jpeg.code != 0);
  CHECK_THAT(jpeg.err, Contains(".png"));
}

TEST_CASE("a film strip has a factual episode and the same one under interventions") {
  Shell shell;
  const TemporaryFolder folder;
  const auto file = folder.path() / "maze.svg";
  const Finished drawn =
      shell.run({"describe", "cheese_maze", "size=5", "--preview", file.string()});
  CHECK(drawn.code == 0);
  std::ifstream in(file);
  const std::string picture((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto place_of = [&](const std::string& words) {
    const std::size_t found = picture.find(words);
    CAPTURE(words);
    REQUIRE(found != std::string::npos);
    return found;
  };
  const std::size_t factual = place_of("expert policy, s = 0: return 1");
  const std::size_t seen =
      place_of("expert policy, s = 0, the same episode seen under do(way_to_corner");
  const std::size_t moved = place_of("expert policy, s = 1: return 1");
  place_of("cue policy, s = 0: return 1");
  place_of("cue policy, s = 1");
  REQUIRE((factual < seen && seen < moved));
  // The same actions, and other pictures: the intervention changes what is seen only.
  const std::string first = picture.substr(factual, seen - factual);
  const std::string second = picture.substr(seen, moved - seen);
  const auto count = [](const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  CHECK(count(first, "then ") == count(second, "then "));
  // Strips stand one below the other, so heights differ anyhow.
  const auto cells = [](const std::string& text) {
    return std::regex_replace(text.substr(text.find("<rect")), std::regex(" y=\"[^\"]*\""), "");
  };
  CHECK(cells(first) != cells(second));
}
