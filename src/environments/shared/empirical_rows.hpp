#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/image_source.hpp"

namespace spurion::environments {

/// Rows that were recorded, not generated, and what is known of them.
struct EmpiricalRows {
  /// A column with more values than this counts as continuous.
  static constexpr std::size_t kMostLevels = 20;

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

  std::vector<std::string> class_names{};  ///< if classes were renumbered; else empty

  std::int64_t classes = 0;             ///< 0 in a regression
  std::vector<double> cue_levels{};     ///< sorted; empty when continuous or not recorded
  std::vector<double> causal_levels{};  ///< likewise

  /// Fills in what follows from the columns: classes and levels. Throws `DataError` when nothing
  /// can be learned from them: labels that do not vary, twins that are the rows themselves, levels
  /// that float32 does not tell apart.
  void complete();
  [[nodiscard]] bool regression() const { return !target.empty(); }
};

/// Why a model cannot be shown a number as it is, in float32: "1e300 is beyond float32"; empty when
/// it can. A fraction is rounded to the nearest; a whole number is held exactly or not at all.
std::string float32_problem(double value);

/// What `load` makes of files: once for all environments of the same sources, where there are any.
template <class T>
std::shared_ptr<const T> loaded_once(const DataSources* sources, const std::string& key,
                                     const std::function<T()>& load) {
  return sources != nullptr ? sources->once<T>(key, load) : std::make_shared<const T>(load());
}

}  // namespace spurion::environments
