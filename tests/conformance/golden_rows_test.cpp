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

/// What the first rows are known by.
struct Fingerprint {
  /// FNV-1a of what is whole numbers, which no machine rounds otherwise: labels of classes, groups.
  std::uint64_t hash = 14695981039346656037ULL;
  /// Mean, mean square and a position-weighted mean of x, the means of the rest, and the first
  /// numbers of x: any change of a column shows, and the last digits, which differ between
  /// machines, do not.
  std::vector<double> numbers;
};

void add_to_hash(const Tensor& values, std::uint64_t& hash) {
  if (!values.defined() || !at::isIntegralType(values.scalar_type(), false)) return;
  const Tensor whole = values.flatten().to(at::kLong).contiguous();
  for (std::int64_t i = 0; i < whole.numel(); ++i) {
    auto rest = static_cast<std::uint64_t>(whole.data_ptr<std::int64_t>()[i]);
    for (int byte = 0; byte < 8; ++byte, rest >>= 8U)
      hash = (hash ^ (rest & 255U)) * 1099511628211ULL;
  }
}

Fingerprint fingerprint(const Environment& environment, const Domain& domain) {
  const std::int64_t count = std::min(kRows, environment.row_limit(domain, Split::train));
  const Sample rows = environment.sample(domain, Split::train, {0, count});
  const Tensor x = rows.x.flatten().to(at::kDouble);
  const Tensor place = at::arange(x.numel(), at::kDouble) / static_cast<double>(x.numel());
  Fingerprint print;
  add_to_hash(rows.y, print.hash);
  add_to_hash(rows.group, print.hash);
  std::vector<double>& out = print.numbers;
  out = {x.mean().item<double>(), x.pow(2).mean().item<double>(),
         (x * place).mean().item<double>()};
  for (const Tensor* part : {&rows.y, &rows.causal, &rows.spurious, &rows.group}) {
    out.push_back(part->defined() ? part->to(at::kDouble).mean().item<double>() : 0.0);
  }
  const std::int64_t shown = std::min<std::int64_t>(4, x.numel());
  for (std::int64_t i = 0; i < shown; ++i) out.push_back(x[i].item<double>());
  return print;
}

std::map<std::string, Fingerprint> fingerprints() {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  std::map<std::string, Fingerprint> all;
  for (const std::string& name : catalog.environments.names()) {
    const auto& entry = catalog.environments.at(name);
    Problems problems;
    // Images that anybody has.
    Value given = Value::Table{};
    const FieldInfo* source = entry.schema.find(FieldUse::image_source);
    if (source != nullptr) given.as_table()[source->name] = "glyphs";
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
    out << "# world domain: hash of classes and groups; mean, mean square, weighted mean of x; "
           "means\n"
           "# of y, causal, spurious, group; first numbers of x. Seed 1, 64 training rows.\n";
    for (const auto& [what, print] : now) {
      out << fmt::format("{}: {:016x}", what, print.hash);
      for (const double number : print.numbers) out << fmt::format(" {:.7g}", number);
      out << "\n";
    }
    return;
  }
  std::ifstream in(SPURION_GOLDEN_ROWS);
  REQUIRE(in.good());
  std::map<std::string, Fingerprint> kept;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto colon = line.find(':');
    std::istringstream numbers(line.substr(colon + 1));
    Fingerprint& print = kept[line.substr(0, colon)];
    numbers >> std::hex >> print.hash >> std::dec;
    for (double number = 0.0; numbers >> number;) print.numbers.push_back(number);
  }
  CHECK(kept.size() == now.size());
  for (const auto& [what, print] : now) {
    CAPTURE(what);
    REQUIRE(kept.count(what) == 1);
    CHECK(kept[what].hash == print.hash);
    REQUIRE(kept[what].numbers.size() == print.numbers.size());
    for (std::size_t i = 0; i < print.numbers.size(); ++i) {
      CHECK(print.numbers[i] == Approx(kept[what].numbers[i]).epsilon(1e-5).margin(1e-6));
    }
  }
}
