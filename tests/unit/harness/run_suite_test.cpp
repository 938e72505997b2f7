#include "spurion/run.hpp"

#include <map>
#include <mutex>

#include "catch.hpp"
#include "nouns/wrapped_environment.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// How often a `CountedWorld` was built for each data seed.
struct Builds {
  std::mutex mutex;
  std::map<std::uint64_t, int> by_seed;
};

Builds& builds() {
  static Builds all;
  return all;
}

/// two_bit, counting how often it is built.
class CountedWorld final : public nouns::WrappedEnvironment {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>();
    return schema;
  }
  CountedWorld(Options /*options*/, const EnvironmentContext& context)
      : nouns::WrappedEnvironment(two_bit(context)) {
    const std::lock_guard<std::mutex> guard(builds().mutex);
    ++builds().by_seed[context.data_seed];
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return inner().ceilings(domain);
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    return inner().sample(domain, split, rows, intervention);
  }

 private:
  static std::shared_ptr<const Environment> two_bit(const EnvironmentContext& context) {
    const Catalog catalog = builtin_catalog();
    const auto& entry = catalog.environments.at("two_bit");
    Problems problems;
    const Value options = entry.schema.normalise(Value::Table{}, "two_bit", problems);
    problems.raise();
    return entry.make({options}, context);
  }
};

}  // namespace

TEST_CASE("a run builds the environment of a data seed once") {
  Catalog catalog = builtin_catalog();
  catalog.environments.add<CountedWorld>("counted", "two_bit, counting.", "-");
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  options.jobs = 2;
  builds().by_seed.clear();
  const Suite suite =
      Suite::parse(tests::replaced(tests::tiny_suite(), "\"two_bit\"", "\"counted\""), "s.toml");
  CHECK(run_suite(suite, catalog, options).trials_done == 12);
  // Three seeds, and one more to see whether numbers depend on the seed.
  CHECK(builds().by_seed.size() == 4);
  for (const auto& [seed, times] : builds().by_seed) CHECK(times == 1);
}

TEST_CASE("a program learns of a wrong question before anything is trained") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  const std::string text =
      tests::replaced(tests::tiny_suite(), "\"compare_methods\"", "\"compare_method\"");
  CHECK_THROWS_WITH(run_suite(Suite::parse(text, "s.toml"), catalog, options),
                    Contains("compare_method"));
  CHECK_FALSE(std::filesystem::exists(options.out));
}
