#include "engine/risks/squared_risks.hpp"

#include <ATen/ATen.h>

namespace spurion::engine {

SquaredRisks::SquaredRisks(const std::vector<DomainRows>& rows, std::vector<std::size_t> source)
    : LinearRisks(std::move(source), rows.front().y.size(0), rows.front().x.size(1) + 1) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> each;
  for (const DomainRows& one : rows) {
    const std::int64_t count = one.y.size(1);
    const Tensor x = one.x.reshape({domains_, count, width_ - 1}).to(at::kDouble);
    const Tensor ones = at::ones({domains_, count, 1}, x.options());
    const Tensor all = at::cat({x, ones, one.y.to(at::kDouble).unsqueeze(2)}, 2);
    each.push_back(at::bmm(all.transpose(1, 2), all) / static_cast<double>(count));
  }
  moments_ = at::stack(each).contiguous();
}

const double* SquaredRisks::moments(std::int64_t replica, std::int64_t domain) const {
  const auto seed = static_cast<std::int64_t>(source_[static_cast<std::size_t>(replica)]);
  const std::int64_t side = width_ + 1;
  return moments_.data_ptr<double>() + (seed * domains_ + domain) * side * side;
}

LinearRisks::Values SquaredRisks::evaluate(const Tensor& parameters,
                                           bool /*keep_curvature*/) const {
  Values values;
  values.risks = at::empty({replicas(), domains_}, at::kFloat);
  values.gradients = at::empty({replicas(), domains_, width_}, at::kFloat);
  float* risk = values.risks.data_ptr<float>();
  float* gradient = values.gradients.data_ptr<float>();
  std::vector<double> w(static_cast<std::size_t>(width_));
  std::vector<double> product(static_cast<std::size_t>(width_));
  const std::int64_t side = width_ + 1;
  for (std::int64_t k = 0; k < replicas(); ++k) {
    const float* weights = parameters.data_ptr<float>() + k * width_;
    for (std::int64_t i = 0; i < width_; ++i) {
      w[static_cast<std::size_t>(i)] = static_cast<double>(weights[i]);
    }
    for (std::int64_t e = 0; e < domains_; ++e) {
      // Row by row of the symmetric S, so that the inner loop runs along memory.
      const double* s = moments(k, e);
      const double* c = s + width_ * side;
      for (std::int64_t i = 0; i < width_; ++i) product[static_cast<std::size_t>(i)] = -c[i];
      for (std::int64_t j = 0; j < width_; ++j) {
        const double factor = w[static_cast<std::size_t>(j)];
        for (std::int64_t i = 0; i < width_; ++i) {
          product[static_cast<std::size_t>(i)] += factor * s[j * side + i];
        }
      }
      double sum = c[width_];
      for (std::int64_t i = 0; i < width_; ++i) {
        const double half = product[static_cast<std::size_t>(i)];
        sum += w[static_cast<std::size_t>(i)] * (half - c[i]);
        *gradient++ = static_cast<float>(2.0 * half);
      }
      *risk++ = static_cast<float>(sum);
    }
  }
  return values;
}

Tensor SquaredRisks::hessian_products(const Tensor& /*curvature*/, const Tensor& directions) const {
  Tensor out = at::empty({replicas(), width_}, at::kFloat);
  std::vector<double> sum(static_cast<std::size_t>(width_));
  const std::int64_t side = width_ + 1;
  for (std::int64_t k = 0; k < replicas(); ++k) {
    sum.assign(sum.size(), 0.0);
    for (std::int64_t e = 0; e < domains_; ++e) {
      const double* s = moments(k, e);
      const float* direction = directions.data_ptr<float>() + (k * domains_ + e) * width_;
      for (std::int64_t j = 0; j < width_; ++j) {
        const double factor = 2.0 * static_cast<double>(direction[j]);
        for (std::int64_t i = 0; i < width_; ++i) {
          sum[static_cast<std::size_t>(i)] += factor * s[j * side + i];
        }
      }
    }
    for (std::int64_t i = 0; i < width_; ++i) {
      out.data_ptr<float>()[k * width_ + i] = static_cast<float>(sum[static_cast<std::size_t>(i)]);
    }
  }
  return out;
}

}  // namespace spurion::engine
