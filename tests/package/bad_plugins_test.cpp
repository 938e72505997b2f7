#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/plugin.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

const std::string kFolder = SPURION_BAD_PLUGINS;

/// What `spurion list --plugin FILE` says, which must be refused with this exit code.
std::string refusal(const std::string& file, int code) {
  Shell shell;
  const Finished finished = shell.run({"list", "--plugin", file});
  CHECK(finished.code == code);
  CHECK(finished.out.empty());
  return finished.err;
}

}  // namespace

TEST_CASE("a plug-in of another build is refused, saying both") {
  const std::string file = kFolder + "/stale_tag.so";
  CHECK(refusal(file, 4) == "spurion: plug-in '" + file +
                                "' was built for\n"
                                "  spurion 0.0.1, LibTorch 1.0.0, g++ ABI 1002, cxx11 0\n"
                                "but this is\n  " SPURION_BUILD_TAG
                                "\nrebuild it against this spurion\n");
}

TEST_CASE("a plug-in of another interface version is refused") {
  const std::string file = kFolder + "/wrong_api.so";
  CHECK(refusal(file, 4) == "spurion: plug-in '" + file +
                                "' was made for plug-in API 999, this spurion has " +
                                std::to_string(kPluginApiVersion) + ": rebuild it\n");
}

TEST_CASE("a shared library that is no plug-in is refused, saying how to make one") {
  const std::string file = kFolder + "/no_entry.so";
  CHECK(refusal(file, 4) ==
        "spurion: '" + file +
            "' is not a spurion plug-in: it has no symbol spurion_plugin_info (build it with "
            "spurion_add_plugin, and load the file of the target NAME_module)\n");
}

TEST_CASE("a file that is no library, or is not there, is refused") {
  Shell shell;
  shell.write("text.so", std::string(4096, 'x'));
  const Finished text = shell.run({"--plugin", "text.so", "list"});
  CHECK(text.code == 4);
  CHECK_THAT(text.err, Contains("spurion: cannot load plug-in 'text.so': ") &&
                           Contains("invalid ELF header"));
  CHECK(refusal("gone.so", 4) == "spurion: plug-in 'gone.so' does not exist\n");
}

TEST_CASE("a plug-in that takes a name twice is refused, naming both origins") {
  const std::string file = kFolder + "/duplicate_name.so";
  CHECK(refusal(file, 4) == "spurion: plug-in '" + file +
                                "' is refused: method 'erm' is registered twice: by built-in and "
                                "by duplicate_name 1.0\n");
}

TEST_CASE("a plug-in whose registration throws is refused, naming the file and the thing") {
  const std::string file = kFolder + "/throws_in_add.so";
  CHECK(refusal(file, 4) == "spurion: plug-in '" + file + "' is refused: method 'broken': no\n");
  const std::string number = kFolder + "/throws_a_number.so";
  CHECK(refusal(number, 4) ==
        "spurion: plug-in '" + number +
            "' is refused: it threw something that is not a std::exception\n");
}

TEST_CASE("a plug-in's world that breaks is named in one line, whatever is asked of it") {
  const std::string file = kFolder + "/broken_world.so";
  Shell shell;
  const Finished unmade = shell.run({"--plugin", file, "describe", "unmade"});
  CHECK(unmade.code == 4);
  CHECK(unmade.err == "spurion: environment 'unmade': it cannot be made\n");
  const Finished described = shell.run({"--plugin", file, "describe", "ragged"});
  CHECK(described.code == 4);
  CHECK_THAT(described.err, Contains("spurion: environment 'ragged': ") && !Contains("at all"));
  const Finished exported = shell.run(
      {"--plugin", file, "export", "ragged", "--split", "test", "--rows", "5", "--out", "x.npz"});
  CHECK(exported.code == 4);
  CHECK_THAT(exported.err, Contains("spurion: environment 'ragged': ") &&
                               Contains("expected float32 [") && !Contains("bug in spurion"));
}
