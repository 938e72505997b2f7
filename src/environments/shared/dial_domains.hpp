#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// The domains of a world with one dial: "train_0" .. , "test", and any point on the dial.
class DialDomains {
 public:
  static constexpr std::size_t kMaxTrainDomains = 100;

  /// Throws `UsageError` unless there are 1 to kMaxTrainDomains train domains, they and the test
  /// domain in [low, high]. `world` is how messages call the environment.
  DialDomains(std::string world, std::vector<double> train, double test, double low, double high);

  [[nodiscard]] std::vector<Domain> train() const;
  [[nodiscard]] Domain test() const { return Domain::test(test_); }
  [[nodiscard]] Domain at(double shift) const;
  /// The domain's position; throws `UsageError` outside the dial.
  [[nodiscard]] double shift(const Domain& domain) const;
  [[nodiscard]] const std::string& world() const { return world_; }
  [[nodiscard]] const std::vector<double>& train_shifts() const { return train_; }
  /// Where the dial is the probability of one of two values: whether a train domain has it, has the
  /// other, and has all that occur where it is `here`.
  [[nodiscard]] bool training_has_it() const;
  [[nodiscard]] bool training_has_other() const;
  [[nodiscard]] bool training_shows(double here) const {
    return (here == 0.0 || training_has_it()) && (here == 1.0 || training_has_other());
  }
  /// The extent in `info`, with eleven points evenly along it.
  void mark(DialInfo& dial) const;

 private:
  void check(double shift) const;

  std::string world_;
  std::vector<double> train_;
  double test_;
  double low_;
  double high_;
};

}  // namespace spurion::environments
