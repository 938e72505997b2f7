// Every file of the corpus, and every file cut short, through its reader: in the ordinary build,
// without a fuzzer.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "catch.hpp"
#include "fuzz/targets.hpp"

namespace {

int replay(const std::string& kind, void (*target)(const std::uint8_t*, std::size_t)) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SPURION_FUZZ_CORPUS "/") + kind)) {
    CAPTURE(entry.path());
    std::ifstream input(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(input)),
                            std::istreambuf_iterator<char>());
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (std::size_t size = 0; size <= bytes.size(); size += 1 + bytes.size() / 50) {
      target(data, size);
    }
    target(data, bytes.size());
    ++files;
  }
  return files;
}

}  // namespace

TEST_CASE("readers read their corpus or say why not") {
  CHECK(replay("csv", spurion::fuzz::csv) > 5);
  CHECK(replay("npy", spurion::fuzz::npy) > 5);
  CHECK(replay("npz", spurion::fuzz::npz) > 5);
  CHECK(replay("idx", spurion::fuzz::idx) > 5);
  CHECK(replay("suite", spurion::fuzz::suite) > 5);
  CHECK(replay("plan", spurion::fuzz::plan) > 2);
  CHECK(replay("store", spurion::fuzz::store) > 0);
  CHECK(replay("row", spurion::fuzz::row) > 2);
  CHECK(replay("plugin", spurion::fuzz::plugin) > 2);
}
