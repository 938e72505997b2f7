#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// Forwards everything to another environment; a derived class overrides a part.
class SPURION_API WrappedEnvironment : public Environment {
 public:
  explicit WrappedEnvironment(std::shared_ptr<const Environment> inner)
      : inner_(std::move(inner)) {}

  [[nodiscard]] const Environment& inner() const { return *inner_; }
  [[nodiscard]] const EnvironmentInfo& info() const override { return inner_->info(); }
  [[nodiscard]] std::vector<Domain> train_domains() const override {
    return inner_->train_domains();
  }
  [[nodiscard]] Domain test_domain() const override { return inner_->test_domain(); }
  [[nodiscard]] Domain at(double shift) const override { return inner_->at(shift); }
  [[nodiscard]] Domain at_cues(const std::vector<double>& shifts) const override {
    return inner_->at_cues(shifts);
  }
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const override {
    return inner_->row_limit(domain, split);
  }
  [[nodiscard]] std::int64_t validation_rows(const Domain& domain,
                                             std::int64_t test_rows) const override {
    return inner_->validation_rows(domain, test_rows);
  }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return inner_->supports(intervention);
  }
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const override {
    return inner_->coefficient_errors(weights);
  }
  [[nodiscard]] std::optional<double> optimal_flip_rate(const Domain& domain) const override {
    return inner_->optimal_flip_rate(domain);
  }
  [[nodiscard]] std::optional<Theory> theory(const TheoryRequest& request,
                                             const std::vector<Domain>& domains) const override {
    return inner_->theory(request, domains);
  }
  [[nodiscard]] bool has_control_shifts() const override { return inner_->has_control_shifts(); }
  [[nodiscard]] double shared_bytes() const override { return inner_->shared_bytes(); }
  [[nodiscard]] const InteractiveEnvironment* interactive() const override {
    return inner_->interactive();
  }

 private:
  std::shared_ptr<const Environment> inner_;
};

}  // namespace spurion::nouns
