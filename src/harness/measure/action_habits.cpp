#include "harness/measure/action_habits.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace spurion::harness {

ActionHabits::ActionHabits(std::int64_t replicas, std::int64_t actions)
    : replicas_(replicas),
      actions_(actions),
      counts_(static_cast<std::size_t>(replicas * (actions + 1) * actions * actions), 0) {}

void ActionHabits::add(const Tensor& actions, const Tensor& going, const Tensor& steps) {
  if (!last_.defined()) {
    last_ = at::full_like(actions, -1);
    before_last_ = at::full_like(actions, -1);
  }
  const std::int64_t lanes = actions.size(1);
  const auto* chosen = actions.data_ptr<std::int64_t>();
  const auto* on = going.data_ptr<bool>();
  const auto* step = steps.data_ptr<std::int64_t>();
  auto* last = last_.data_ptr<std::int64_t>();
  auto* before = before_last_.data_ptr<std::int64_t>();
  for (std::int64_t k = 0; k < replicas_; ++k) {
    for (std::int64_t i = k * lanes; i < (k + 1) * lanes; ++i) {
      if (!on[i]) continue;
      // A new episode has no actions before it.
      if (step[i] == 0) last[i] = before[i] = -1;
      if (last[i] >= 0) {
        const std::int64_t cell = (k * (actions_ + 1) + before[i] + 1) * actions_ + last[i];
        ++counts_[static_cast<std::size_t>(cell * actions_ + chosen[i])];
      }
      before[i] = last[i];
      last[i] = chosen[i];
    }
  }
}

Tensor ActionHabits::repeat_rate() const {
  Tensor rates = at::full({replicas_}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  for (std::int64_t k = 0; k < replicas_; ++k) {
    std::int64_t all = 0;
    std::int64_t same = 0;
    for (std::int64_t cell = 0; cell < (actions_ + 1) * actions_; ++cell) {
      for (std::int64_t a = 0; a < actions_; ++a) {
        const std::int64_t count = counts_[static_cast<std::size_t>(
            (k * (actions_ + 1) * actions_ + cell) * actions_ + a)];
        all += count;
        if (cell % actions_ == a) same += count;
      }
    }
    if (all > 0) {
      rates.data_ptr<double>()[k] = static_cast<double>(same) / static_cast<double>(all);
    }
  }
  return rates;
}

Tensor ActionHabits::copycat_error() const {
  Tensor errors = at::full({replicas_}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  for (std::int64_t k = 0; k < replicas_; ++k) {
    std::int64_t all = 0;
    std::int64_t told = 0;
    for (std::int64_t cell = 0; cell < (actions_ + 1) * actions_; ++cell) {
      const auto first = counts_.begin() + (k * (actions_ + 1) * actions_ + cell) * actions_;
      told += *std::max_element(first, first + actions_);
      for (std::int64_t a = 0; a < actions_; ++a) all += first[a];
    }
    if (all > 0) {
      errors.data_ptr<double>()[k] = 1.0 - static_cast<double>(told) / static_cast<double>(all);
    }
  }
  return errors;
}

}  // namespace spurion::harness
