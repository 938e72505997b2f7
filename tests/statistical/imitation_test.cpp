// A clone that sees its previous action (de Haan et al. 2019): as accurate on held-out rows as one
// that does not, and worse where it acts. DAgger mends it; as many labels of further demonstrations
// do not.
#include <fmt/format.h>

#include <map>

#include "catch.hpp"
#include "statistical/trained_means.hpp"

using namespace spurion;
using spurion::tests::Paired;

namespace {

using SeedNumbers = std::map<std::int64_t, double>;

/// Numbers in distribution of 12 seeds, 300 rows each.
struct Cloned {
  SeedNumbers accuracy;
  SeedNumbers returns;
};

Cloned cloned(const std::string& observe, const std::string& regime) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 12
[[experiment]]
name = "e"
environment = {{ name = "mountain_car", observe = "{}" }}
model = {{ name = "mlp", depth = 2, width = 32 }}
method = {{ name = "erm" }}
regime = {}
optimizer = {{ name = "adam", learning_rate = 2e-3 }}
training = {{ steps = 1500, rows = 300, batch = 64 }}
evaluation = {{ rows = 1000, training_rows = 0 }}
)",
                                               observe, regime),
                                   "s.toml");
  Cloned out;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      out.accuracy[result.spec.seed] =
          result.measurements.last("in_distribution", "accuracy").value();
      out.returns[result.spec.seed] = result.measurements.last("in_distribution", "return").value();
    }
  }
  return out;
}

}  // namespace

TEST_CASE("a clone that sees its previous action is accurate, and fails where it acts") {
  const Cloned confused = cloned("confounded", R"({ name = "offline" })");
  const Cloned blind = cloned("state_only", R"({ name = "offline" })");
  const Paired accuracy(confused.accuracy, blind.accuracy);
  CAPTURE(accuracy.mean, accuracy.standard_error);
  CHECK(accuracy.mean > -0.005);
  const Paired returns(blind.returns, confused.returns);
  CAPTURE(returns.mean, returns.standard_error, tests::mean_of(blind.returns),
          tests::mean_of(confused.returns));
  CHECK(returns.mean > 3.0 * returns.standard_error);
  CHECK(returns.mean > 15.0);

  const std::string options = R"(name = "dagger", rounds = 4, labels = 150)";
  const Cloned mended = cloned("confounded", "{ " + options + " }");
  const Cloned more = cloned("confounded", "{ " + options + R"(, query = "demonstrations" })");
  const Paired gain(mended.returns, more.returns);
  CAPTURE(gain.mean, gain.standard_error, tests::mean_of(mended.returns),
          tests::mean_of(more.returns));
  CHECK(gain.mean > 3.0 * gain.standard_error);
  CHECK(tests::mean_of(mended.returns) > tests::mean_of(confused.returns) + 15.0);
}
