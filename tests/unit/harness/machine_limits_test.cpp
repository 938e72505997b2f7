#include "core/machine_limits.hpp"

#include <filesystem>
#include <new>
#include <system_error>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

TEST_CASE("what the machine or a file system refuses is told in a sentence") {
  CHECK_THAT(core::machine_problem(std::bad_alloc()), Contains("there is not enough memory"));
  CHECK_THAT(core::machine_problem(std::bad_array_new_length()),
             Contains("there is not enough memory"));
  CHECK_THAT(core::machine_problem(
                 std::runtime_error("[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: "
                                    "can't allocate memory: you tried to allocate 8 bytes.")),
             Contains("there is not enough memory"));
  CHECK(core::machine_problem(std::filesystem::filesystem_error(
            "cannot get status", "some/file",
            std::make_error_code(std::errc::too_many_symbolic_link_levels))) ==
        "cannot use 'some/file': Too many levels of symbolic links");
  CHECK_THAT(core::machine_problem(std::system_error(
                 std::make_error_code(std::errc::resource_unavailable_try_again))),
             Contains("the system gives no more threads"));
  CHECK(core::machine_problem(std::runtime_error("index out of range")).empty());
}

TEST_CASE("a trial that finds no memory is not a trial that failed") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  const Pack pack = pack_of({trials.front()}, catalog, *sources);
  // In the middle of a step of what comes with spurion.
  PackOptions options;
  options.progress = [](double) { throw std::bad_alloc(); };
  CHECK_THROWS_AS(run_pack(pack, catalog, sources, options), ResourceError);
}
