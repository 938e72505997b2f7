#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <thread>

#include "conformance/environment_checks.hpp"
#include "conformance/tensors.hpp"
#include "facts/splits.hpp"

namespace spurion::conformance {

namespace {

constexpr std::int64_t kRows = 64;
constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();
std::string describe(const Domain& domain, Split split) {
  return fmt::format("{} rows of '{}'", split_name(split), domain.name);
}

/// At most `wanted` rows, fewer where there are fewer.
std::int64_t available(const Environment& environment, const Domain& domain, Split split,
                       std::int64_t wanted) {
  return std::min(wanted, environment.row_limit(domain, split));
}

void check_prefix(const Environment& environment) {
  for (const Domain& domain : some_domains(environment)) {
    for (const Split split : facts::kSplits) {
      const std::int64_t count = available(environment, domain, split, kRows);
      const Sample all = environment.sample(domain, split, {0, count});
      const std::int64_t part = count / 3;
      require_same_rows("a prefix of " + describe(domain, split), slice(all, 0, part),
                        environment.sample(domain, split, {0, part}));
      require_same_rows("later " + describe(domain, split), slice(all, part, count - part),
                        environment.sample(domain, split, {part, count - part}));
    }
  }
}

void check_determinism(const EnvironmentSubject& subject) {
  const auto twin = subject.make(kDataSeed);
  const auto other = subject.make(kDataSeed + 1);
  for (const Domain& domain : some_domains(*subject)) {
    const std::int64_t count = available(*subject, domain, Split::train, kRows);
    const Sample rows = (*subject).sample(domain, Split::train, {0, count});
    require_same_rows("another object with this seed", rows,
                      twin->sample(domain, Split::train, {0, count}));
  }
  // Parameters of a domain may follow the seed: the other object's own.
  const Domain mine = (*subject).train_domains().front();
  const Domain theirs = other->train_domains().front();
  const std::int64_t count = available(*subject, mine, Split::train, kRows);
  require(!same_bits((*subject).sample(mine, Split::train, {0, count}).x,
                     other->sample(theirs, Split::train, {0, count}).x),
          "two data seeds give the same rows");
}

void check_threads(const Environment& environment) {
  const Domain domain = environment.train_domains().front();
  const RowRange rows{0, available(environment, domain, Split::train, kRows)};
  Sample there;
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      for (int i = 0; i < 5; ++i) there = environment.sample(domain, Split::train, rows);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  Sample here;
  try {
    for (int i = 0; i < 5; ++i) here = environment.sample(domain, Split::train, rows);
  } catch (...) {
    failure = std::current_exception();
  }
  thread.join();
  if (failure) std::rethrow_exception(failure);
  require_same_rows("two threads", here, there);
}

/// Correlation of two columns of numbers, 0 when one of them does not vary.
double correlation(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(at::kDouble) - a.to(at::kDouble).mean();
  const Tensor y = b.to(at::kDouble) - b.to(at::kDouble).mean();
  const double scale = std::sqrt(x.pow(2).sum().item<double>() * y.pow(2).sum().item<double>());
  return scale > 0.0 ? (x * y).sum().item<double>() / scale : 0.0;
}

/// Domains with different keys, and splits, have rows of their own: labels at the same index are
/// not correlated (5 standard errors), and inputs differ. Domains may look at one finite pool of
/// held-out images, as published splits do; then only the inputs must differ.
void check_independence(const Environment& environment) {
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  struct Block {
    std::string name;
    Sample rows;
    bool from_pool;  // held-out rows of a finite pool
  };
  std::vector<Block> blocks;
  std::int64_t count = 512;
  for (const Domain& domain : domains) {
    for (const Split split : facts::kSplits) count = available(environment, domain, split, count);
  }
  for (const Domain& domain : domains) {
    for (const Split split : facts::kSplits) {
      const bool finite = environment.row_limit(domain, split) != kUnlimited;
      blocks.push_back({describe(domain, split), environment.sample(domain, split, {0, count}),
                        finite && split != Split::train});
    }
  }
  const double limit = 5.0 / std::sqrt(static_cast<double>(count));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::string pair = blocks[i].name + " and " + blocks[j].name;
      require(count < 32 || !same_bits(blocks[i].rows.x, blocks[j].rows.x), pair + " are the same");
      if (blocks[i].from_pool && blocks[j].from_pool) continue;
      const double found = correlation(blocks[i].rows.y, blocks[j].rows.y);
      require(std::abs(found) <= limit,
              fmt::format("labels of {} at the same index have correlation {:.2f}", pair, found));
    }
  }
}

void check_shapes(const Environment& environment, const Domain& domain, std::int64_t count) {
  const EnvironmentInfo& info = environment.info();
  const Sample rows = environment.sample(domain, Split::test, {0, count});
  const std::string what = fmt::format("{} rows of '{}'", count, domain.name);
  Shape shape = info.input_shape;
  shape.insert(shape.begin(), count);
  require(rows.x.sizes() == at::IntArrayRef(shape) && rows.x.scalar_type() == at::kFloat,
          fmt::format("x of {} has shape [{}], expected float32 [{}]", what,
                      fmt::join(rows.x.sizes(), ", "), fmt::join(shape, ", ")));
  const auto type = info.task == Task::regression ? at::kFloat : at::kLong;
  require(rows.y.dim() == 1 && rows.y.size(0) == count && rows.y.scalar_type() == type,
          fmt::format("y of {} must be {} [{}]", what, c10::toString(type), count));
  for (const Tensor* part : {&rows.causal, &rows.spurious}) {
    require(part->dim() == 2 && part->size(0) == count && part->scalar_type() == at::kFloat,
            fmt::format("causal and spurious of {} must be float32 [{}, n]", what, count));
    require_finite("causal or spurious of " + what, *part);
  }
  require_finite("x of " + what, rows.x);
  if (info.task == Task::regression) {
    require_finite("y of " + what, rows.y);
  } else if (count > 0) {
    const std::int64_t classes = info.task == Task::binary ? 2 : info.outputs;
    require(rows.y.min().item<std::int64_t>() >= 0 && rows.y.max().item<std::int64_t>() < classes,
            fmt::format("y of {} is not in 0..{}", what, classes - 1));
  }
  require(rows.group.defined() == (info.groups > 0),
          fmt::format("info() says {} groups, but group is {}", info.groups,
                      rows.group.defined() ? "there" : "undefined"));
  if (info.groups == 0) return;
  require(
      rows.group.dim() == 1 && rows.group.size(0) == count && rows.group.scalar_type() == at::kLong,
      fmt::format("group of {} must be int64 [{}]", what, count));
  if (count == 0) return;
  require(rows.group.min().item<std::int64_t>() >= 0 &&
              rows.group.max().item<std::int64_t>() < info.groups,
          fmt::format("group of {} is not in 0..{}", what, info.groups - 1));
}

void check_limits(const Environment& environment) {
  for (const Domain& domain : some_domains(environment)) {
    for (const Split split : facts::kSplits) {
      const std::int64_t limit = environment.row_limit(domain, split);
      require(limit >= 1, describe(domain, split) + ": there are none");
      require_refused("a negative row", [&] { return environment.sample(domain, split, {-1, 1}); });
      require_refused("a negative count", [&] {
        return environment.sample(domain, split, {0, -1});
      });
      if (limit == kUnlimited) continue;
      const Sample last = environment.sample(domain, split, {limit - 1, 1});
      require_finite("the last of " + describe(domain, split), last.x);
      require_refused("a row beyond the last", [&] {
        return environment.sample(domain, split, {limit, 1});
      });
    }
  }
}

}  // namespace

void check_rows(Checker& checker, const EnvironmentSubject& subject) {
  checker.check("n rows are a prefix of more", [&] { check_prefix(*subject); });
  checker.check("a pure function of the data seed", [&] { check_determinism(subject); });
  checker.check("safe from many threads", [&] { check_threads(*subject); });
  checker.check("domains and splits independent", [&] { check_independence(*subject); });
  checker.check("shapes and ranges, also of 0, 1 and 2 rows", [&] {
    for (const Domain& domain : some_domains(*subject)) {
      const std::int64_t limit = (*subject).row_limit(domain, Split::test);
      for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, kRows}) {
        if (count <= limit) check_shapes(*subject, domain, count);
      }
    }
  });
  checker.check("row limits", [&] { check_limits(*subject); });
}

}  // namespace spurion::conformance
