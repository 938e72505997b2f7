#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "environments/shared/empirical_rows.hpp"
#include "spurion/environment.hpp"

namespace spurion::environments {

/// How recorded rows are used.
struct EmpiricalOptions {
  std::string test_domain;  ///< one of domain_names
  double test_shift = 0.9;  ///< where no domains are recorded
  double validation_share = 0.2;
  double test_share = 0.2;
};

/// An environment of recorded rows. Each row is, by a hash of its index and the data seed, for
/// training, validation or test; each domain has its rows of each split in the order of another
/// hash.
///
/// The shift draws rows of all domains again, with replacement: where the cue has as many values as
/// there are classes, and rows enough of both kinds are there, so that it disagrees with the label
/// at the given rate; else so that the given share comes from the test domain. Ceilings are
/// frequencies in the file: of the best guess from the columns that were recorded and have few
/// values, and NaN where there is none. In a regression the best guess is the mean, scored by the
/// squared error.
class EmpiricalWorld : public Environment {
 public:
  [[nodiscard]] const EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] std::vector<Domain> train_domains() const override;
  [[nodiscard]] Domain test_domain() const override;
  [[nodiscard]] Domain at(double shift) const override;
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const override;
  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  /// Each row is listed in its pool, and once more for the shift.
  [[nodiscard]] double shared_bytes() const override { return 16.0 * static_cast<double>(count_); }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

 protected:
  /// `rows` are complete. `info` brings name, title, citation, mechanism, deviations, cue and
  /// causal; the rest is filled in. Throws `DataError` when the rows cannot make an environment: a
  /// domain without rows of some split, no test domain.
  EmpiricalWorld(std::shared_ptr<const EmpiricalRows> rows, EmpiricalOptions options,
                 EnvironmentInfo info, std::uint64_t data_seed);

  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  static constexpr std::size_t kSplitCount = 3;
  using Indices = std::vector<std::int64_t>;
  /// Rows of each split.
  using Pool = std::array<Indices, kSplitCount>;

  void assign_splits();
  void make_shift_axis();
  void describe();
  void count_rows();

  /// Whether rows enough agree, and rows enough disagree with the label, for a shift of agreement.
  [[nodiscard]] bool enough_of_each_side() const;
  [[nodiscard]] RowCounts counts_of(const std::vector<const Pool*>& pools, Split split) const;
  /// What the data call a class.
  [[nodiscard]] std::string class_name(std::int64_t label) const;
  [[nodiscard]] std::string classes_text() const;
  /// The group of a row whose cue has this value.
  [[nodiscard]] std::int64_t group_of(std::size_t row, double cue) const;

  /// The recorded domain of this key, or null when its rows are drawn.
  [[nodiscard]] const Pool* pool_of(const Domain& domain) const;
  /// Row `row` as drawn at a shift by these streams.
  [[nodiscard]] std::int64_t draw(double shift, Split split, const RandomKey& key,
                                  std::int64_t row) const;
  [[nodiscard]] bool agrees(std::int64_t row) const;
  [[nodiscard]] std::size_t level(double cue) const;
  /// The cue of a row under an intervention on it.
  [[nodiscard]] double new_cue(std::int64_t source, const Intervention& intervention,
                               double resampled) const;
  /// Weights of rows in a domain, summing to 1.
  [[nodiscard]] std::vector<double> weights(const Domain& domain) const;
  [[nodiscard]] std::vector<double> train_weights() const;
  [[nodiscard]] bool regression() const { return rows_.regression(); }
  /// Whether the cue's values stand for the classes, in order.
  [[nodiscard]] bool cue_names_classes() const {
    return !regression() && static_cast<std::int64_t>(rows_.cue_levels.size()) == rows_.classes;
  }
  [[nodiscard]] Ceilings regression_ceilings(const Domain& domain) const;

  std::shared_ptr<const EmpiricalRows> held_;
  const EmpiricalRows& rows_;  // what is held
  EmpiricalOptions options_;
  RandomKey key_;
  EnvironmentInfo info_;
  std::int64_t count_ = 0;
  std::vector<Pool> train_;
  Pool test_;  // empty when drawn
  bool test_is_drawn_ = false;
  bool agreement_shift_ = false;
  Pool at_zero_;
  Pool at_one_;
  std::vector<Domain> train_domains_;
};

}  // namespace spurion::environments
