// The first rows of every built-in world, kept in golden_rows.txt, so that a change of a generator
// is seen in review. SPURION_WRITE_GOLDEN=1 in the environment writes the file anew.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "catch.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;

namespace {

constexpr std::int64_t kRows = 64;

/// Of 64 rows: mean, mean square and a position-weighted mean of x, and the means of the rest: any
/// change of a column shows, and the last digits, which differ between machines, do not.
std::vector<double> fingerprint(const Environment& environment, const Domain& domain) {
  const std::int64_t count = std::min(kRows, environment.row_limit(domain, Purpose::train));
  const Sample rows = environment.sample(domain, Purpose::train, {0, count});
  const Tensor x = rows.x.flatten().to(at::kDouble);
  const Tensor place = at::arange(x.numel(), at::kDouble) / static_cast<double>(x.numel());
  std::vector<double> out = {x.mean().item<double>(), x.pow(2).mean().item<double>(),
                             (x * place).mean().item<double>()};
  for (const Tensor* part : {&rows.y, &rows.causal, &rows.spurious, &rows.group}) {
    out.push_back(part->defined() ? part->to(at::kDouble).mean().item<double>() : 0.0);
  }
  const std::int64_t shown = std::min<std::int64_t>(4, x.numel());
  for (std::int64_t i = 0; i < shown; ++i) out.push_back(x[i].item<double>());
  return out;
}

std::map<std::string, std::vector<double>> fingerprints() {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  std::map<std::string, std::vector<double>> all;
  for (const std::string& name : catalog.environments.names()) {
    const auto& entry = catalog.environments.at(name);
    Problems problems;
    // Images that anybody has.
    Value given = Value::Table{};
    const FieldInfo* source = entry.schema.find("source");
    if (source != nullptr && source->bounds.words.size() > 1) given.as_table()["source"] = "glyphs";
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    const auto environment = entry.make({options}, EnvironmentContext{1, sources});
    all[name + " train_0"] = fingerprint(*environment, environment->train_domains().front());
    all[name + " test"] = fingerprint(*environment, environment->test_domain());
  }
  return all;
}

}  // namespace

TEST_CASE("the first rows of every world are what they were") {
  const auto now = fingerprints();
  if (std::getenv("SPURION_WRITE_GOLDEN") != nullptr) {
    std::ofstream out(SPURION_GOLDEN_ROWS);
    out << "# world domain: mean, mean square, weighted mean of x; means of y, causal, spurious,\n"
           "# group; first numbers of x. Seed 1, 64 training rows.\n";
    for (const auto& [what, numbers] : now) {
      out << what << ":";
      for (const double number : numbers) out << fmt::format(" {:.7g}", number);
      out << "\n";
    }
    return;
  }
  std::ifstream in(SPURION_GOLDEN_ROWS);
  REQUIRE(in.good());
  std::map<std::string, std::vector<double>> kept;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto colon = line.find(':');
    std::istringstream numbers(line.substr(colon + 1));
    for (double number = 0.0; numbers >> number;) kept[line.substr(0, colon)].push_back(number);
  }
  CHECK(kept.size() == now.size());
  for (const auto& [what, numbers] : now) {
    CAPTURE(what);
    REQUIRE(kept.count(what) == 1);
    REQUIRE(kept[what].size() == numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      CHECK(numbers[i] == Approx(kept[what][i]).epsilon(1e-5).margin(1e-6));
    }
  }
}
