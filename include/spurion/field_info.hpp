#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/value.hpp"

/// \file
/// What a schema says of one option: bounds, how a random search draws it, what it names.

namespace spurion {

/// Closed or half-open range of a numeric field, or the allowed words of a string field.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();  ///< least value
  double high = std::numeric_limits<double>::infinity();  ///< largest value
  bool low_open = false;                                  ///< whether `low` itself is refused
  bool high_open = false;                                 ///< whether `high` itself is refused
  std::vector<std::string> words;  ///< the words that are allowed; empty: numbers

  /// "in [0, 1]", "> 0", "one of: a, b"; empty when anything goes.
  [[nodiscard]] SPURION_API std::string text() const;
  /// Whether a number is within the bounds.
  [[nodiscard]] bool holds(double value) const {
    if (std::isnan(value)) return false;
    return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
  }
};

/// No bounds.
inline Bounds any_value() { return {}; }
/// From `low` to `high`, both included.
inline Bounds between(double low, double high) { return {low, high, false, false, {}}; }
/// `low` or more.
inline Bounds at_least(double low) {
  return {low, std::numeric_limits<double>::infinity(), false, false, {}};
}
/// More than 0.
inline Bounds positive() { return {0.0, std::numeric_limits<double>::infinity(), true, false, {}}; }
/// One of these words.
inline Bounds one_of(std::vector<std::string> words) {
  Bounds bounds;
  bounds.words = std::move(words);
  return bounds;
}

/// What a random search draws for a field.
struct Search {
  /// How a value is drawn.
  enum class Kind {
    fixed,  ///< keep the default
    uniform,
    log_uniform,
    one_minus_log_uniform,  ///< 1 - u, u log-uniform in [low, high]
    uniform_integer,
    log_uniform_integer,
    choice
  };
  Kind kind = Kind::fixed;     ///< how a value is drawn
  double low = 0.0;            ///< least value
  double high = 0.0;           ///< largest value
  std::vector<Value> choices;  ///< the values of a choice

  /// "log-uniform in [0.1, 1e+05]"; empty when fixed.
  [[nodiscard]] SPURION_API std::string text() const;
  /// One draw; a pure function of the key.
  [[nodiscard]] SPURION_API Value draw(const RandomKey& key) const;
  /// The value below which a draw lies with probability `share`, in [0, 1).
  [[nodiscard]] SPURION_API Value quantile(double share) const;
};

/// Not searched.
inline Search fixed() { return {}; }
/// Uniform from `low` to `high`.
inline Search uniform(double low, double high) { return {Search::Kind::uniform, low, high, {}}; }
/// Uniform in the logarithm.
inline Search log_uniform(double low, double high) {
  return {Search::Kind::log_uniform, low, high, {}};
}
/// A whole number, uniform from `low` to `high`.
inline Search uniform_integer(double low, double high) {
  return {Search::Kind::uniform_integer, low, high, {}};
}
/// A whole number, uniform in the logarithm.
inline Search log_uniform_integer(double low, double high) {
  return {Search::Kind::log_uniform_integer, low, high, {}};
}
/// One of these values, each as likely.
inline Search choice(std::vector<Value> choices) {
  return {Search::Kind::choice, 0.0, 0.0, std::move(choices)};
}

/// What an option is about, where others than its owner must know it.
enum class FieldUse {
  option,        ///< nothing but its owner
  image_source,  ///< names a registered image source, whose images the environment shows
  data_file,     ///< names a file that the environment reads
  stream_axis,   ///< shapes the stream: results count it to the environment, not to the regime
  // Of questions: what the words of a field name is looked up among the trials asked about.
  trial_field,  ///< names a field of trials: "section.option", or a section such as "model"
  axis,         ///< the same, of a field whose values are numbers or lists, which have an order
  method,       ///< names a method of the trials
  experiment,   ///< names an experiment of the suite
  selector,     ///< names a registered selector
  phase,        ///< the number of a phase of the trials' streams
  probe         ///< names a stored number; one of a probe is a probe of the trials
};

/// One field as `spurion describe` shows it.
struct FieldInfo {
  std::string name;          ///< as suites write it
  std::string type;          ///< "boolean", "integer", "number", "string", "list of integers" ...
  std::string doc;           ///< one sentence
  Value default_value;       ///< what it is unless a suite says otherwise
  Bounds bounds;             ///< what it may be
  Search search;             ///< how a search draws it
  bool per_replica = false;  ///< may differ between replicas of one pack
  FieldUse use = FieldUse::option;  ///< what its value names
  bool required = false;  ///< a table without it is refused: the default stands for nothing
  std::vector<FieldInfo> fields = {};  ///< of the table, or of each of the tables, that it is
};

/// One option that a preset sets.
struct PresetOption {
  const char* name;  ///< as suites write it
  Value value;       ///< what it is
};

/// Options set together under one name, such as a difficulty.
struct PresetInfo {
  std::string name;  ///< as suites write it
  std::string doc;   ///< what it sets, one sentence
};

}  // namespace spurion
