#include "engine/logistic_risks.hpp"

#include <ATen/ATen.h>

namespace spurion::engine {

LogisticRisks::LogisticRisks(const std::vector<DomainRows>& rows, std::vector<std::size_t> source)
    : LinearRisks(std::move(source), rows.front().y.size(0), rows.front().x.size(1) + 1),
      rows_(rows.front().y.size(1)),
      stride_((rows_ + kRowPadding - 1) / kRowPadding * kRowPadding),
      users_(rows.size()) {
  const at::NoGradGuard no_grad;
  const auto seeds = static_cast<std::int64_t>(rows.size());
  columns_ = at::zeros({seeds, domains_, width_, stride_}, at::kFloat);
  labels_ = at::zeros({seeds, domains_, stride_}, at::kFloat);
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    const DomainRows& one = rows[static_cast<std::size_t>(seed)];
    const Tensor x = one.x.reshape({domains_, rows_, width_ - 1}).transpose(1, 2);
    const Tensor columns = columns_[seed].narrow(2, 0, rows_);
    columns.narrow(1, 0, width_ - 1).copy_(x);
    columns.select(1, width_ - 1).fill_(1.0);
    labels_[seed].narrow(1, 0, rows_).copy_(one.y);
  }
  for (std::size_t k = 0; k < source_.size(); ++k) {
    users_[source_[k]].push_back(static_cast<std::int64_t>(k));
  }
}

LogisticRows LogisticRisks::rows_of(std::size_t seed, std::int64_t domain) const {
  const std::int64_t block = static_cast<std::int64_t>(seed) * domains_ + domain;
  return {columns_.data_ptr<float>() + block * width_ * stride_,
          labels_.data_ptr<float>() + block * stride_, stride_, rows_, width_};
}

LinearRisks::Values LogisticRisks::evaluate(const Tensor& parameters, bool keep_curvature) const {
  Values values;
  values.risks = at::empty({replicas(), domains_}, at::kFloat);
  values.gradients = at::empty({replicas(), domains_, width_}, at::kFloat);
  if (keep_curvature) {
    values.curvature = at::empty({replicas(), domains_, stride_}, at::kFloat);
  }
  std::vector<LogisticReplica> some;
  for (std::size_t seed = 0; seed < users_.size(); ++seed) {
    for (std::int64_t e = 0; e < domains_; ++e) {
      some.clear();
      for (const std::int64_t k : users_[seed]) {
        const std::int64_t block = k * domains_ + e;
        some.push_back(
            {parameters.data_ptr<float>() + k * width_, values.risks.data_ptr<float>() + block,
             values.gradients.data_ptr<float>() + block * width_,
             keep_curvature ? values.curvature.data_ptr<float>() + block * stride_ : nullptr});
      }
      logistic_risks(rows_of(seed, e), some.data(), static_cast<std::int64_t>(some.size()));
    }
  }
  return values;
}

Tensor LogisticRisks::hessian_products(const Tensor& curvature, const Tensor& directions) const {
  Tensor products = at::empty({replicas(), domains_, width_}, at::kFloat);
  std::vector<LogisticReplica> some;
  for (std::size_t seed = 0; seed < users_.size(); ++seed) {
    for (std::int64_t e = 0; e < domains_; ++e) {
      some.clear();
      for (const std::int64_t k : users_[seed]) {
        const std::int64_t block = k * domains_ + e;
        some.push_back({directions.data_ptr<float>() + block * width_, nullptr,
                        products.data_ptr<float>() + block * width_,
                        curvature.data_ptr<float>() + block * stride_});
      }
      logistic_hessian_products(rows_of(seed, e), some.data(),
                                static_cast<std::int64_t>(some.size()));
    }
  }
  return products.sum(1);
}

}  // namespace spurion::engine
