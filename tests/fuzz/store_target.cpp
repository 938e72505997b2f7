#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"
#include "harness/store/store_content.hpp"
#include "temporary_folder.hpp"

void spurion::fuzz::store(const std::uint8_t* data, std::size_t size) {
  using namespace spurion;
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "store.sqlite";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  fuzz::reads_or_says_why<StoreError>(file.string(), [&] {
    harness::sqlite::Database database(file, harness::sqlite::Access::read);
    const harness::StoreContent content =
        harness::read_store(database, harness::StoreDetail::results);
    // A trial is whole or told to be damaged: never there without its numbers.
    if (content.trials.size() != content.results.size()) std::abort();
  });
}
