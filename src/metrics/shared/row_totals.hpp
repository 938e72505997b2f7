#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/metric.hpp"

/// \file
/// What the metrics share: sums over rows that do not depend on how many replicas stand beside.

namespace spurion::metrics {

/// A tensor [K, B] or [1, B] read by (replica, row).
template <class T>
class RowView {
 public:
  RowView(const Tensor& values, std::int64_t replicas)
      : values_(values.contiguous()), data_(values_.data_ptr<T>()), rows_(values_.size(1)) {
    SPURION_CHECK(values_.dim() == 2 && (values_.size(0) == replicas || values_.size(0) == 1),
                  "expected [K, B] or [1, B]");
    stride_ = values_.size(0) == 1 ? 0 : rows_;
  }
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  T operator()(std::int64_t replica, std::int64_t row) const {
    return data_[replica * stride_ + row];
  }

 private:
  Tensor values_;
  const T* data_;
  std::int64_t rows_;
  std::int64_t stride_;
};

/// K float64 totals. Each is summed row by row in order, so its bits are the same whatever K is.
class Totals {
 public:
  explicit Totals(std::int64_t count) : values_(static_cast<std::size_t>(count), 0.0) {}

  double& operator[](std::int64_t i) { return values_[static_cast<std::size_t>(i)]; }
  double operator[](std::int64_t i) const { return values_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
  void merge(const Totals& other) {
    SPURION_CHECK(size() == other.size(), "totals of different batches");
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
  }
  /// float64 [K]: totals divided by `rows`.
  [[nodiscard]] Tensor mean(double rows) const {
    Tensor out = at::empty({size()}, at::kDouble);
    double* data = out.data_ptr<double>();
    for (std::int64_t i = 0; i < size(); ++i) data[i] = (*this)[i] / rows;
    return out;
  }

 private:
  std::vector<double> values_;
};

/// `other` as the metric it must be.
template <class M>
const M& same_metric(const Metric& other) {
  const M* same = dynamic_cast<const M*>(&other);
  SPURION_CHECK(same != nullptr, "only accumulators of one metric can be merged");
  return *same;
}

}  // namespace spurion::metrics
