#include "core/blake2b.hpp"

#include <fstream>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using core::Blake2b;

namespace {

std::string hash_of(const std::string& text, std::size_t piece) {
  Blake2b hash;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    hash.update(text.data() + at, std::min(piece, text.size() - at));
  }
  return core::hex(hash.finish());
}

}  // namespace

TEST_CASE("hashes are those that b2sum --length=128 prints") {
  CHECK(core::hex(Blake2b().finish()) == "cae66941d9efbd404e4d88758ea67670");
  for (const std::size_t piece : {1U, 7U, 128U, 4096U}) {
    CHECK(hash_of("abc", piece) == "cf4ab791c62b8d2b2109c90275287816");
    CHECK(hash_of(std::string(128, 'a'), piece) == "1271d28e731afb57bdfba6bdaf3501be");
    CHECK(hash_of(std::string(1000, 'a'), piece) == "a0e5a332e985551c28a377c40f4139c3");
  }
}

TEST_CASE("a file's hash is that of its bytes") {
  const tests::TemporaryFolder folder;
  std::ofstream(folder.path() / "a") << std::string(1000, 'a');
  CHECK(core::hex(core::file_digest(folder.path() / "a")) == "a0e5a332e985551c28a377c40f4139c3");
  CHECK_THROWS_AS(core::file_digest(folder.path() / "none"), DataError);
}
