#include "probes/shared/ridge_reading.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace spurion::probes {

std::vector<std::int64_t> every_second(std::int64_t rows, std::int64_t first) {
  std::vector<std::int64_t> chosen;
  for (std::int64_t row = first; row < rows; row += 2) chosen.push_back(row);
  return chosen;
}

Tensor replica_rows(const Tensor& values, std::int64_t replica) {
  return values.detach()
      .select(0, values.size(0) == 1 ? 0 : replica)
      .to(at::kCPU, at::kDouble)
      .contiguous();
}

RidgeReading::RidgeReading(const Fit& fit, const Cells& cells) {
  std::vector<double> in_cell(static_cast<std::size_t>(cells.count()), 0.0);
  for (const std::int64_t row : fit.chosen) {
    in_cell[static_cast<std::size_t>(cells.cell(row))] += 1.0;
  }
  const auto filled = static_cast<double>(
      std::count_if(in_cell.begin(), in_cell.end(), [](double rows) { return rows > 0.0; }));
  const auto n = static_cast<std::int64_t>(fit.chosen.size());
  Tensor weight = at::empty({n, 1}, at::kDouble);
  Tensor target = at::zeros({n, fit.count}, at::kDouble);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = fit.chosen[static_cast<std::size_t>(i)];
    weight.data_ptr<double>()[i] =
        1.0 / (filled * in_cell[static_cast<std::size_t>(cells.cell(row))]);
    target.data_ptr<double>()[i * fit.count + fit.classes[static_cast<std::size_t>(row)]] = 1.0;
  }
  const Tensor rows = fit.rows.index_select(0, at::tensor(fit.chosen, at::kLong));
  middle_ = (rows * weight).sum(0, true);
  offsets_ = (target * weight).sum(0, true);
  const Tensor root = weight.sqrt();
  const Tensor scaled = (rows - middle_) * root;
  Tensor gram = scaled.matmul(scaled.t());
  const double size = gram.diagonal().sum().item<double>();
  if (!(size > 0.0)) {
    directions_ = at::zeros({rows.size(1), fit.count}, at::kDouble);
    return;
  }
  gram.diagonal().add_(fit.ridge * size / static_cast<double>(n));
  directions_ = scaled.t().matmul(at::linalg_solve(gram, (target - offsets_) * root));
}

std::vector<std::int64_t> RidgeReading::read(const Tensor& rows) const {
  const Tensor classes = ((rows - middle_).matmul(directions_) + offsets_).argmax(1).contiguous();
  return {classes.data_ptr<std::int64_t>(), classes.data_ptr<std::int64_t>() + classes.numel()};
}

}  // namespace spurion::probes
