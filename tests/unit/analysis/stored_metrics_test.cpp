#include "spurion/analysis/stored_metrics.hpp"

#include "catch.hpp"
#include "spurion/error.hpp"

using namespace spurion;
using spurion::analysis::StoredMetrics;

namespace {

StoredResults with_column(const MetricInfo& column) {
  StoredResults results;
  results.context["metric." + column.name] = to_json(column);
  return results;
}

}  // namespace

TEST_CASE("the facts of a store explain the columns of a metric that is not there") {
  const StoredResults results = with_column({"sure_accuracy",
                                             "accuracy of sure rows",
                                             "accuracy where the model is sure",
                                             "share of rows",
                                             {0.0, 1.0},
                                             Better::high,
                                             true,
                                             true});
  const StoredMetrics metrics(results);
  CHECK(metrics.columns().size() == 1);
  CHECK(metrics.of("sure_accuracy").meaning == "accuracy where the model is sure");
  const MetricInfo error = metrics.of("sure_error");
  CHECK(error.meaning == "1 minus the accuracy of sure rows");
  CHECK(error.better == Better::low);
  CHECK(error.rate);
  CHECK(metrics.of("worst_group_error").range.text() == "[0, 1]");
  CHECK(metrics.of("gap").better == Better::low);
}

TEST_CASE("of a number that nobody explains little is said") {
  const StoredMetrics metrics;
  CHECK_FALSE(metrics.knows("my_number"));
  CHECK_FALSE(metrics.knows("my_error"));
  const MetricInfo info = metrics.of("my_number");
  CHECK(info.title == "my number");
  CHECK(info.range.text() == "unbounded");
  CHECK(info.better == Better::neither);
}

TEST_CASE("a damaged fact about a column names the column") {
  StoredResults results;
  results.context["metric.odd"] = "{";
  CHECK_THROWS_AS(StoredMetrics(results), StoreError);
}
