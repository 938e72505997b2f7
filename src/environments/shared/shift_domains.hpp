#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

/// The shifts of all cues, in the order of `EnvironmentInfo::cues`; one where there is one cue.
using CueShifts = std::vector<double>;

/// The domains of a generative environment: its train domains, its test domain and any point of its
/// shift, or of the shifts of several cues. Messages call the environment by `environment()`.
class SPURION_API ShiftDomains {
 public:
  static constexpr std::size_t kMaxTrainDomains = 100;
  /// Where a two-valued cue is independent of the label.
  static constexpr double kNeutral = 0.5;

  /// One cue, with a shift from `low` to `high`. Throws `UsageError` unless there are 1 to
  /// kMaxTrainDomains train domains, and they and the test domain lie along the shift curve.
  ShiftDomains(std::string environment, const std::vector<double>& train, double test,
               double low = 0.0, double high = 1.0);
  /// Several cues, each with a shift from 0 to 1. `others` has the shifts of the other cues while
  /// the first cue shifts. Throws `UsageError` for the same reasons.
  static ShiftDomains of_cues(std::string environment, std::vector<CueShifts> train, CueShifts test,
                              CueShifts others);

  [[nodiscard]] const std::vector<Domain>& train() const { return train_domains_; }
  [[nodiscard]] Domain test() const;
  /// The domain at a shift. Throws `UsageError` for a shift outside its range.
  [[nodiscard]] Domain at(double shift) const;
  /// Throws `UsageError` for another number of cues, or for a shift outside its range.
  [[nodiscard]] Domain at_cues(const CueShifts& shifts) const;
  /// The shift of a domain. Throws `UsageError` for a shift outside its range.
  [[nodiscard]] double shift(const Domain& domain) const;
  /// The shifts of all cues in a domain. Throws for the same reason.
  [[nodiscard]] CueShifts cue_shifts(const Domain& domain) const;

  [[nodiscard]] const std::string& environment() const { return environment_; }
  /// The shift of the first cue in each train domain.
  [[nodiscard]] const std::vector<double>& train_shifts() const { return train_shifts_; }
  /// The shifts of all cues in each train domain.
  [[nodiscard]] const std::vector<CueShifts>& train_cue_shifts() const { return train_; }
  /// Which train domain's rows this domain has, or -1.
  [[nodiscard]] std::int64_t train_index(const Domain& domain) const;

  /// Where the shift is the probability of one of two values: whether a train domain has that
  /// value, has the other, and has all values that occur where the probability is `here`.
  [[nodiscard]] bool training_has_it() const;
  [[nodiscard]] bool training_has_other() const;
  [[nodiscard]] bool training_shows(double here) const {
    return (here == 0.0 || training_has_it()) && (here == 1.0 || training_has_other());
  }
  /// Writes the range into `axis`, and eleven points evenly along it.
  void mark(ShiftAxis& axis) const;

 private:
  ShiftDomains(std::string environment, std::vector<CueShifts> train, CueShifts test,
               CueShifts others, bool several);
  void check(double shift) const;
  void make_train_domains();

  std::string environment_;
  std::vector<CueShifts> train_;
  CueShifts test_;
  CueShifts others_;  ///< the first is not used
  bool several_ = false;
  double low_ = 0.0;
  double high_ = 1.0;
  std::vector<double> train_shifts_;
  std::vector<Domain> train_domains_;
};

/// Throws `UsageError` where the shift is outside [0, 1]. `environment` is how the message calls
/// it.
void check_unit_shift(const std::string& environment, double shift);

}  // namespace spurion::environments
