#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "spurion/measurements.hpp"

namespace spurion {

/// What the numbers of a trial are, one after the other.
struct Measurements::Layout {
  struct Key {
    std::int64_t phase = 0;
    std::int64_t step = 0;
    std::string domain;
    double shift = 0.0;
    std::string metric;

    [[nodiscard]] bool is(std::int64_t a_phase, std::int64_t a_step, std::string_view a_domain,
                          double a_shift, std::string_view a_metric) const {
      // Of two shifts that are not known both are NaN.
      const bool same_shift = shift == a_shift || (std::isnan(shift) && std::isnan(a_shift));
      return phase == a_phase && step == a_step && same_shift && domain == a_domain &&
             metric == a_metric;
    }
  };
  std::vector<Key> keys;
  /// Where each metric of each domain lies, in order. Made where a layout is shared, after which
  /// that does not change.
  std::unordered_map<std::string, std::unordered_map<std::string, std::vector<std::size_t>>> places;

  void find_places() {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      places[keys[i].domain][keys[i].metric].push_back(i);
    }
  }
};

/// Makes the measurements of many trials, one after the other, that share what they agree in.
class SPURION_API MeasurementPool {
 public:
  /// The next number of the trial in the making.
  void add(std::int64_t phase, std::int64_t step, std::string_view domain, double shift,
           std::string_view metric, double value);
  /// Those that were added since the last time.
  Measurements take();

 private:
  using Layout = Measurements::Layout;

  std::shared_ptr<Layout> usual_;  ///< of the trial before: the next one is likely the same
  std::shared_ptr<Layout> own_;    ///< where it is not
  std::vector<double> values_;
  std::unordered_map<std::size_t, std::vector<std::shared_ptr<Layout>>> known_;  ///< by hash
};

}  // namespace spurion
