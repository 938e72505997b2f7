#include "engine/risks/logistic_risks.hpp"

#include <ATen/ATen.h>

namespace spurion::engine {

LogisticRisks::LogisticRisks(const std::vector<DomainRows>& rows, std::vector<std::size_t> source)
    : LinearRisks(std::move(source), rows.front().y.size(0), rows.front().x.size(1) + 1),
      rows_(rows.front().y.size(1)),
      padded_((rows_ + kTileRows - 1) / kTileRows * kTileRows),
      users_(rows.size()) {
  const at::NoGradGuard no_grad;
  const auto seeds = static_cast<std::int64_t>(rows.size());
  const std::int64_t inputs = width_ - 1;
  tiles_ = at::empty({seeds, domains_, padded_ / kTileRows, inputs, kTileRows}, at::kFloat);
  labels_ = at::empty({seeds, domains_, padded_}, at::kFloat);
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    const DomainRows& one = rows[static_cast<std::size_t>(seed)];
    Tensor x = at::zeros({domains_, padded_, inputs}, at::kFloat);
    x.narrow(1, 0, rows_).copy_(one.x.reshape({domains_, rows_, inputs}));
    tiles_[seed].copy_(x.reshape({domains_, -1, kTileRows, inputs}).transpose(2, 3));
    // Label 1 as -0, label 0 and padding as +0.
    labels_[seed].fill_(0.0);
    labels_[seed].narrow(1, 0, rows_).masked_fill_(one.y.ne(0), -0.0);
  }
  for (std::size_t k = 0; k < source_.size(); ++k) {
    users_[source_[k]].push_back(static_cast<std::int64_t>(k));
  }
}

LogisticRows LogisticRisks::rows_of(std::size_t seed, std::int64_t domain) const {
  const std::int64_t block = static_cast<std::int64_t>(seed) * domains_ + domain;
  return {tiles_.data_ptr<float>() + block * padded_ * (width_ - 1),
          labels_.data_ptr<float>() + block * padded_, rows_, width_ - 1};
}

LinearRisks::Values LogisticRisks::evaluate(const Tensor& parameters, bool keep_curvature) const {
  Values values;
  values.risks = at::empty({replicas(), domains_}, at::kFloat);
  values.gradients = at::empty({replicas(), domains_, width_}, at::kFloat);
  if (keep_curvature) {
    values.curvature = at::empty({replicas(), domains_, padded_}, at::kFloat);
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
             keep_curvature ? values.curvature.data_ptr<float>() + block * padded_ : nullptr});
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
                        curvature.data_ptr<float>() + block * padded_});
      }
      logistic_hessian_products(rows_of(seed, e), some.data(),
                                static_cast<std::int64_t>(some.size()));
    }
  }
  return products.sum(1);
}

}  // namespace spurion::engine
