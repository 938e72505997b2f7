#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// Rows of one-hot tokens [B, length, vocabulary], beside labels, two-valued variables and groups:
/// what the environments of sequences fill in row by row.
class TokenSample {
 public:
  TokenSample(std::int64_t count, std::int64_t length, std::int64_t vocabulary)
      : length_(length), vocabulary_(vocabulary) {
    sample_.x = at::zeros({count, length, vocabulary}, at::kFloat);
    sample_.y = at::empty({count}, at::kLong);
    sample_.causal = at::empty({count, 1}, at::kFloat);
    sample_.spurious = at::empty({count, 1}, at::kFloat);
    sample_.group = at::empty({count}, at::kLong);
  }

  void token(std::int64_t row, std::int64_t position, std::int64_t token) {
    sample_.x.data_ptr<float>()[(row * length_ + position) * vocabulary_ + token] = 1.0F;
  }

  void facts(std::int64_t row, std::int64_t label, int causal, int spurious, std::int64_t group) {
    sample_.y.data_ptr<std::int64_t>()[row] = label;
    sample_.causal.data_ptr<float>()[row] = static_cast<float>(causal);
    sample_.spurious.data_ptr<float>()[row] = static_cast<float>(spurious);
    sample_.group.data_ptr<std::int64_t>()[row] = group;
  }

  [[nodiscard]] Sample take() { return std::move(sample_); }

 private:
  Sample sample_;
  std::int64_t length_;
  std::int64_t vocabulary_;
};

double mean(const std::vector<double>& values);

}  // namespace spurion::environments
