#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spurion/schema.hpp"
#include "spurion/trial.hpp"

/// \file
/// The fields of a trial by name: "section.option", such as "model.width", or a section alone:
/// "environment", "model", "method" or "regime", which stands for the name of what is used there.

namespace spurion::analysis {

/// The sections of a trial with options, by name.
SPURION_API std::array<std::pair<const char*, const Value*>, 7> sections_of(const TrialSpec& spec);
/// The option "section.option" of a trial; null where there is none.
SPURION_API const Value* option_of(const TrialSpec& spec, const std::string& name);
/// An option, or the name of what a section uses; nothing where the trial has no such field.
SPURION_API std::optional<Value> field_of(const TrialSpec& spec, const std::string& name);

/// All options of a trial, as "section.option".
SPURION_API std::vector<std::string> option_names(const TrialSpec& spec);
/// The same and the sections that have a name.
SPURION_API std::vector<std::string> field_names(const TrialSpec& spec);
/// The options that have several values among those of the trials that have them.
SPURION_API std::set<std::string> differing_options(const std::vector<const TrialResult*>& trials);

/// A field of a trial as a place on an axis, and as text for grouping.
struct AxisValue {
  double number = 0.0;  ///< the value as a number; of a list its length
  std::string text;     ///< the value as text
};
/// The place of a trial on the axis of this name:
///  - "section.option": an option that is a number, or a list: its length (lists of one length
///  share
///    a place);
///  - "section.option.mean": the mean of a list of numbers, such as the share of rows in which the
///    cue disagrees.
///
/// Nothing where the trial has no such field.
SPURION_API std::optional<AxisValue> axis_value(const TrialSpec& spec, const std::string& name);
/// The same, or what the trial cost: "cost.flops", "cost.steps", "cost.rows_seen" or
/// "cost.labels_used". Operations are rounded to 6 digits, so that seeds share a place.
SPURION_API std::optional<AxisValue> axis_value(const TrialResult& trial, const std::string& name);
/// Whether an axis is a cost, which only trials that are done have.
SPURION_API bool is_cost_axis(const std::string& name);
/// The option that an axis is made from: "environment.train_shifts" of
/// "environment.train_shifts.mean".
SPURION_API std::string axis_option(const std::string& name);

/// Takes the option "section.option" out of what `TrialSpec::canonical` gave.
SPURION_API void erase_option(Value& canonical, const std::string& name);

/// Whether two values are the same: numbers by what they are, 1 and 1.0 alike.
SPURION_API bool same_value(const Value& a, const Value& b);
/// A value as people write it: 16, two_bit, [0.1, 0.2].
SPURION_API std::string value_text(const Value& value);

/// Trials that have these values: { "model.width" = 16, method = "erm" }.
struct TrialFilter {
  Value fields = Value::Table{};  ///< a table: the values by the names of the fields

  /// Whether it lets every trial through.
  [[nodiscard]] bool empty() const { return fields.as_table().empty(); }
  /// Whether a trial has all of them; a trial without one of the fields does not.
  [[nodiscard]] SPURION_API bool matches(const TrialSpec& spec) const;
};

}  // namespace spurion::analysis

namespace spurion::detail {

/// A filter in a table of options: its keys are looked up where the field says that it names fields
/// of trials.
template <>
struct FieldType<analysis::TrialFilter> {
  static constexpr const char* kName = "table";
  static constexpr bool kPerReplica = false;
  static Value print(const analysis::TrialFilter& filter) { return filter.fields; }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   analysis::TrialFilter& out) {
    if (!is_table(v, "'" + f.name + "' of " + owner, p)) return false;
    out.fields = v;
    return true;
  }
};

}  // namespace spurion::detail
