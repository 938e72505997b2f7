#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spurion/export.hpp"

namespace spurion {

namespace harness {
class MeasurementLayouts;
}

/// One number of a trial.
struct Measurement {
  std::int64_t phase = 0;  ///< of a stream; 0 for offline
  std::int64_t step = 0;   ///< updates made when it was taken
  std::string domain;      ///< "train_0", "test", "shift=0.3", "stream" ...
  double shift = 0.0;      ///< of that domain
  std::string metric;      ///< "accuracy", "gap" ...
  double value = 0.0;      ///< the number
};

/// The same where it lies among others: refers to the `Measurements`, which must stay.
struct MeasurementRow {
  std::int64_t phase;         ///< phase of a stream; 0 without
  std::int64_t step;          ///< updates made when it was taken
  const std::string& domain;  ///< in which it was measured
  double shift;               ///< shift of that domain
  const std::string& metric;  ///< what was measured
  double value;               ///< the number
  /// A copy that stands alone.
  operator Measurement() const {  // NOLINT(google-explicit-constructor)
    return {phase, step, domain, shift, metric, value};
  }
};

/// The numbers of a trial in the order they were taken. What was measured is kept apart from the
/// values, and trials that were measured alike share it: reports hold a hundred thousand of them.
class SPURION_API Measurements {
 public:
  Measurements() = default;
  /// Of these numbers, in order.
  Measurements(const std::vector<Measurement>& rows);  // NOLINT(google-explicit-constructor)
  /// Of these numbers, in order.
  Measurements(std::initializer_list<Measurement> rows);

  /// How many numbers.
  [[nodiscard]] std::size_t size() const {
    return common_ == nullptr ? values_.size() : common_->values.size();
  }
  /// Whether there is none.
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// The number at a place.
  [[nodiscard]] MeasurementRow operator[](std::size_t index) const;
  /// The first number.
  [[nodiscard]] MeasurementRow front() const { return (*this)[0]; }
  /// The last number.
  [[nodiscard]] MeasurementRow back() const { return (*this)[size() - 1]; }

  /// Adds a number at the end.
  void push_back(const Measurement& row);
  /// Replaces the value at a place.
  void set_value(std::size_t index, double value) { own_values().at(index) = value; }
  /// Removes the number at a place.
  void erase(std::size_t index);
  /// Removes all numbers.
  void clear();

  /// Tells whether two trials were measured alike: of the same layout, not null, the same place
  /// holds the same thing.
  [[nodiscard]] const void* layout() const { return layout_.get(); }
  /// Where that lies which was taken last, in any phase or in one.
  [[nodiscard]] std::optional<std::size_t> place(const std::string& domain,
                                                 const std::string& metric,
                                                 std::optional<std::int64_t> phase = {}) const;
  /// The value at a place.
  [[nodiscard]] double value(std::size_t place) const {
    if (common_ == nullptr) return values_[place];
    const std::uint32_t own = common_->own[place];
    return own == kCommon ? common_->values[place] : values_[own];
  }
  /// The value that was taken last, in any phase or in one.
  [[nodiscard]] std::optional<double> last(const std::string& domain, const std::string& metric,
                                           std::optional<std::int64_t> phase = {}) const;

  /// Goes through the numbers in order.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;  ///< One pass.
    using value_type = Measurement;                     ///< What it gives.
    using difference_type = std::ptrdiff_t;             ///< Of two iterators.
    using pointer = void;                               ///< It gives values, not pointers.
    using reference = MeasurementRow;                   ///< What it gives.

    /// At a place.
    Iterator(const Measurements& rows, std::size_t index) : rows_(&rows), index_(index) {}
    /// The number there.
    MeasurementRow operator*() const { return (*rows_)[index_]; }
    /// The next place.
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    /// The next place; gives the one before.
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    /// Whether both are at one place.
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }
    /// Whether they are at different places.
    friend bool operator!=(const Iterator& a, const Iterator& b) { return a.index_ != b.index_; }

   private:
    const Measurements* rows_;
    std::size_t index_;
  };
  /// At the first number.
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  /// After the last number.
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  friend class harness::MeasurementLayouts;
  struct Layout;
  /// Values that trials which were measured alike have in common, as their ceilings are.
  struct Common {
    std::vector<double> values;      ///< by place
    std::vector<std::uint32_t> own;  ///< by place: among a trial's own values, or `kCommon`
  };
  static constexpr std::uint32_t kCommon = 0xffffffff;  ///< it is not among a trial's own values

  Measurements(std::shared_ptr<Layout> layout, std::shared_ptr<const Common> common,
               std::vector<double> values)
      : layout_(std::move(layout)), common_(std::move(common)), values_(std::move(values)) {}
  /// The layout, if need be a copy, for changing it.
  Layout& own_layout();
  /// All values, for changing them.
  std::vector<double>& own_values();

  std::shared_ptr<Layout> layout_;        ///< what each value is; null where there is none
  std::shared_ptr<const Common> common_;  ///< null: all values are its own
  std::vector<double> values_;            ///< its own, in order
};

}  // namespace spurion
