#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion {

/// Rows that were recorded, not generated, and what is known of them.
struct EmpiricalRows {
  std::string place;  ///< how errors call their file: "'x.csv'"
  Tensor x;           ///< [N, ...] float32, or uint8, of which 255 stands for 1
  Tensor twin_x;      ///< the same under do(cue := the other value); undefined when not recorded
  std::int64_t cue_column = -1;             ///< of x, when it is the cue
  std::vector<std::int64_t> label;          ///< class of each row; empty in a regression
  std::vector<double> target{};             ///< of each row, in a regression; else empty
  std::vector<double> causal;               ///< empty when not recorded
  std::vector<double> spurious;             ///< empty when not recorded
  std::vector<std::size_t> domain;          ///< index into domain_names; empty when not recorded
  std::vector<std::string> domain_names{};  ///< in the order in which train domains are numbered
};

/// How recorded rows are used.
struct EmpiricalOptions {
  std::string test_domain;  ///< one of domain_names
  double test_shift = 0.9;  ///< where no domains are recorded
  double validation_share = 0.2;
  double test_share = 0.2;
};

/// A world of recorded rows. Each row is, by a hash of its index and the data seed, for training,
/// validation or test; each domain has its rows of each purpose in the order of another hash.
///
/// The dial draws rows of all domains again, with replacement: where the cue has as many values as
/// there are classes, so that it disagrees with the label at the given rate; else so that the given
/// share comes from the test domain. Ceilings are frequencies in the file: of the best guess from
/// the columns that were recorded and have few values, and NaN where there is none. In a regression
/// the best guess is the mean, scored by the squared error.
class EmpiricalWorld : public Environment {
 public:
  /// A column with more values than this counts as continuous.
  static constexpr std::size_t kMostLevels = 20;

  [[nodiscard]] const EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] std::vector<Domain> train_domains() const override;
  [[nodiscard]] Domain test_domain() const override;
  [[nodiscard]] Domain at(double shift) const override;
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Purpose purpose) const override;
  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

 protected:
  /// `info` brings name, title, citation, mechanism, deviations, cue and causal; the rest is filled
  /// in. Throws `DataError` when the rows cannot make a world: a domain without rows of some
  /// purpose, one class only, no test domain.
  EmpiricalWorld(EmpiricalRows rows, EmpiricalOptions options, EnvironmentInfo info,
                 std::uint64_t data_seed);

  [[nodiscard]] Sample generate(const Domain& domain, Purpose purpose, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  static constexpr std::size_t kPurposes = 3;
  using Indices = std::vector<std::int64_t>;
  /// Rows of each purpose.
  using Pool = std::array<Indices, kPurposes>;

  void find_levels();
  void split();
  void make_dial();
  void describe();

  /// The recorded domain of this key, or null when its rows are drawn.
  [[nodiscard]] const Pool* pool_of(const Domain& domain) const;
  /// Row `row` as drawn at a shift by these streams.
  [[nodiscard]] std::int64_t draw(double shift, Purpose purpose, const StreamKey& key,
                                  std::int64_t row) const;
  [[nodiscard]] bool agrees(std::int64_t row) const;
  [[nodiscard]] std::size_t level(double cue) const;
  /// The cue of a row under an intervention on it.
  [[nodiscard]] double new_cue(std::int64_t source, const Intervention& intervention,
                               double resampled) const;
  /// Weights of rows in a domain, summing to 1.
  [[nodiscard]] std::vector<double> weights(const Domain& domain) const;
  [[nodiscard]] std::vector<double> train_weights() const;
  [[nodiscard]] bool regression() const { return !rows_.target.empty(); }
  /// Whether the cue's values stand for the classes, in order.
  [[nodiscard]] bool cue_names_classes() const {
    return !regression() && static_cast<std::int64_t>(cue_levels_.size()) == classes_;
  }
  [[nodiscard]] Ceilings regression_ceilings(const Domain& domain) const;

  EmpiricalRows rows_;
  EmpiricalOptions options_;
  StreamKey key_;
  EnvironmentInfo info_;
  std::int64_t count_ = 0;
  std::int64_t classes_ = 0;           // 0 in a regression
  std::vector<double> cue_levels_;     // sorted; empty when continuous or not recorded
  std::vector<double> causal_levels_;  // likewise
  std::vector<Pool> train_;
  Pool test_;  // empty when drawn
  bool test_is_drawn_ = false;
  bool agreement_dial_ = false;
  Pool at_zero_;
  Pool at_one_;
  std::vector<Domain> train_domains_;
};

}  // namespace spurion
