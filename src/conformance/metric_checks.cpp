#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"

namespace spurion {
namespace conformance {
namespace {

constexpr std::int64_t kPredictedRows = 37;
constexpr std::int64_t kGroups = 4;

struct MetricSubject {
  const Catalog* catalog;
  std::string name;
  Value options;  ///< normalised

  [[nodiscard]] std::unique_ptr<Metric> make(Task task, std::int64_t replicas) const {
    return catalog->metrics.at(name).make({options}, MetricContext{task, replicas, kGroups});
  }
};

Predictions predictions(Task task) {
  const std::int64_t outputs = task == Task::multiclass ? 3 : 1;
  const RandomKey key = RandomKey(31).child(static_cast<std::uint64_t>(task));
  Predictions all;
  all.logits = normals(key.child("logits"), {kReplicas, kPredictedRows, outputs});
  all.twin_logits = normals(key.child("twins"), {kReplicas, kPredictedRows, outputs});
  const Tensor noise = normals(key.child("y"), {kReplicas, kPredictedRows});
  all.y = task == Task::regression ? noise
          : task == Task::binary   ? noise.gt(0).to(at::kLong)
                                   : noise.gt(-0.5).to(at::kLong) + noise.gt(0.5).to(at::kLong);
  all.group = at::arange(kReplicas * kPredictedRows, at::kLong)
                  .reshape({kReplicas, kPredictedRows})
                  .remainder(kGroups);
  return all;
}

Predictions rows_of(const Predictions& all, std::int64_t first, std::int64_t count) {
  return {all.logits.narrow(1, first, count), all.twin_logits.narrow(1, first, count),
          all.y.narrow(1, first, count), all.group.narrow(1, first, count)};
}

Predictions replica_of(const Predictions& all, std::int64_t replica) {
  return {all.logits.narrow(0, replica, 1), all.twin_logits.narrow(0, replica, 1),
          all.y.narrow(0, replica, 1), all.group.narrow(0, replica, 1)};
}

/// Calls `body` for each task the metric has a meaning for.
template <class Body>
void with_tasks(const MetricSubject& subject, const Body& body) {
  bool any = false;
  for (const auto& [task, word] :
       {std::pair{Task::binary, "binary"}, std::pair{Task::multiclass, "multiclass"},
        std::pair{Task::regression, "regression"}}) {
    if (!subject.make(task, 1)->applies(MetricContext{task, 1, kGroups})) continue;
    any = true;
    body(task, std::string(word));
  }
  require(any, "it applies to no task");
}

void check_result(const MetricSubject& subject) {
  with_tasks(subject, [&](Task task, const std::string& word) {
    const auto metric = subject.make(task, kReplicas);
    require(metric->result().empty(), word + ": there is a result although nothing was added");
    metric->add(predictions(task));
    require(!metric->result().empty(), word + ": there is no result");
    for (const auto& [name, value] : metric->result()) {
      require(!name.empty(), word + ": a result has no name");
      require(value.dim() == 1 && value.size(0) == kReplicas && value.scalar_type() == at::kDouble,
              fmt::format("{}: '{}' is not float64 [K]", word, name));
    }
  });
}

/// What is declared of a column must do for lists, files and reports.
void check_declaration(const MetricInfo& column, const std::string& metric) {
  const std::size_t star = column.name.find('*');
  std::string plain = column.name;
  if (star != std::string::npos) plain.replace(star, 1, "x");
  check_registered_name("column of metric '" + metric + "'", plain);
  require(!column.title.empty(), fmt::format("column '{}' has no title", column.name));
  require(!column.meaning.empty() && column.meaning.back() != '.',
          fmt::format("the meaning of column '{}' is not a phrase without full stop", column.name));
  require(column.range.low < column.range.high,
          fmt::format("column '{}' has the range {}", column.name, column.range.text()));
}

/// The columns that are declared are those that some task gives, and their values lie in the
/// declared ranges.
void check_columns(const MetricSubject& subject) {
  constexpr double kSlack = 1e-9;
  const std::vector<MetricInfo> columns = subject.make(Task::binary, 1)->columns();
  for (const MetricInfo& column : columns) check_declaration(column, subject.name);
  std::set<std::string> given;
  with_tasks(subject, [&](Task task, const std::string& word) {
    const auto metric = subject.make(task, kReplicas);
    metric->add(predictions(task));
    for (const auto& [name, value] : metric->result()) {
      const MetricInfo* declared = nullptr;
      for (const MetricInfo& column : columns) {
        if (!column.names(name)) continue;
        require(declared == nullptr, fmt::format("two columns are called '{}'", name));
        declared = &column;
      }
      require(declared != nullptr,
              fmt::format("{}: it gives '{}', which it does not declare", word, name));
      given.insert(declared->name);
      const MetricRange& range = declared->range_of(task != Task::regression);
      for (std::int64_t k = 0; k < value.size(0); ++k) {
        const double own = value[k].item<double>();
        require(std::isnan(own) || range.holds(own, kSlack),
                fmt::format("{}: '{}' is {}, outside its range {}", word, name, own, range.text()));
      }
    }
  });
  for (const MetricInfo& column : columns) {
    require(given.count(column.name) != 0,
            fmt::format("no task gives '{}', which it declares", column.name));
  }
}

void check_merge(const MetricSubject& subject) {
  with_tasks(subject, [&](Task task, const std::string& word) {
    const Predictions all = predictions(task);
    const auto whole = subject.make(task, kReplicas);
    whole->add(all);
    const auto left = subject.make(task, kReplicas);
    left->add(rows_of(all, 0, 10));
    const auto right = subject.make(task, kReplicas);
    right->add(rows_of(all, 10, 1));
    right->add(rows_of(all, 11, kPredictedRows - 11));
    left->merge(*right);
    left->merge(*subject.make(task, kReplicas));
    const auto once = whole->result();
    const auto merged = left->result();
    require(once.size() == merged.size(), word + ": merging changes which results there are");
    for (std::size_t i = 0; i < once.size(); ++i) {
      require(once[i].first == merged[i].first &&
                  at::allclose(once[i].second, merged[i].second, 1e-12, 1e-12, true),
              fmt::format("{}: '{}' in one pass and merged: {}", word, once[i].first,
                          difference(once[i].second, merged[i].second)));
    }
  });
}

void check_replicas(const MetricSubject& subject) {
  with_tasks(subject, [&](Task task, const std::string& word) {
    const Predictions all = predictions(task);
    const auto together = subject.make(task, kReplicas);
    together->add(all);
    for (std::int64_t k = 0; k < kReplicas; ++k) {
      const auto alone = subject.make(task, 1);
      alone->add(replica_of(all, k));
      for (const auto& [name, value] : alone->result()) {
        for (const auto& [other, values] : together->result()) {
          if (other != name) continue;
          require_same_bits(
              fmt::format("{}: '{}' of replica {} alone and among three", word, name, k), value,
              values.narrow(0, k, 1));
        }
      }
    }
    // Labels that all replicas share may come once.
    Predictions shared = all;
    shared.y = all.y.narrow(0, 0, 1);
    shared.group = all.group.narrow(0, 0, 1);
    Predictions repeated = shared;
    repeated.y = shared.y.expand({kReplicas, kPredictedRows}).contiguous();
    repeated.group = shared.group.expand({kReplicas, kPredictedRows}).contiguous();
    const auto a = subject.make(task, kReplicas);
    const auto b = subject.make(task, kReplicas);
    a->add(shared);
    b->add(repeated);
    for (std::size_t i = 0; i < a->result().size(); ++i) {
      require_same_bits(word + ": labels given once or for each replica", a->result()[i].second,
                        b->result()[i].second);
    }
  });
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_metric(const Catalog& catalog, const std::string& name,
                                            const Value& options) {
  using namespace conformance;
  const OneThread one_thread;
  const auto& entry = catalog.metrics.at(name);
  Checker checker({"metric", name, options});
  if (options.as_table().empty()) check_entry(checker, entry.info, entry.schema);
  MetricSubject subject{&catalog, name, {}};
  const bool made = checker.check("can be made", [&] {
    subject.options = normalised(entry.schema, options, name);
    require(subject.make(Task::binary, 1) != nullptr, "it makes nothing");
  });
  if (!made) return checker.take();
  checker.check("results are named float64 [K]", [&] { check_result(subject); });
  checker.check("declared columns are what it gives", [&] { check_columns(subject); });
  checker.check("merged parts equal one pass", [&] { check_merge(subject); });
  checker.check("3 replicas equal 3 times 1, bit for bit", [&] { check_replicas(subject); });
  return checker.take();
}

}  // namespace spurion
