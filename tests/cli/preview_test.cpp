#include <filesystem>
#include <fstream>

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
