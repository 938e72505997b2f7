#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Configuration values with the place they were written, so that an error can name the line.

namespace spurion {

/// Where a value was written. Empty file: made by a program.
struct SPURION_API SourcePosition {
  std::string file;  ///< name of the file
  int line = 0;      ///< from 1; 0: not known
  int column = 0;    ///< from 1; 0: not known
  /// "suite.toml:12:3", or "" when made by a program.
  [[nodiscard]] std::string text() const;
};

class ValueTable;

/// bool, integer, number, string, list or table.
///
/// A copy shares the list or table of its original until one of the two is changed, so a copy costs
/// no more than a number. What `as_list()` and `as_table()` of a value that is not const refer to
/// is for changing the value at once: take it again once the value has been copied.
class SPURION_API Value {
 public:
  using List = std::vector<Value>;  ///< Values in order.
  using Table = ValueTable;         ///< Values by name.

  Value() : data_(std::shared_ptr<Table>()) {}
  /// A flag.
  Value(bool value) : data_(value) {}  // NOLINT(google-explicit-constructor)
  /// A whole number.
  Value(int value)
      : data_(static_cast<std::int64_t>(value)) {}  // NOLINT(google-explicit-constructor)
  /// A whole number.
  Value(std::int64_t value) : data_(value) {}  // NOLINT(google-explicit-constructor)
  /// A number.
  Value(double value) : data_(value) {}  // NOLINT(google-explicit-constructor)
  /// A text.
  Value(const char* value) : Value(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  /// A text.
  Value(std::string value)  // NOLINT(google-explicit-constructor)
      : data_(std::make_shared<const std::string>(std::move(value))) {}
  /// A list.
  Value(List value);  // NOLINT(google-explicit-constructor)
  /// A table.
  Value(Table value);  // NOLINT(google-explicit-constructor)

  /// Whether it is a flag.
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(data_); }
  /// Whether it is a whole number.
  [[nodiscard]] bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  /// An integer counts as a number, never the reverse.
  [[nodiscard]] bool is_number() const {
    return is_integer() || std::holds_alternative<double>(data_);
  }
  /// Whether it is a text.
  [[nodiscard]] bool is_string() const { return std::holds_alternative<Text>(data_); }
  /// Whether it is a list.
  [[nodiscard]] bool is_list() const {
    return std::holds_alternative<std::shared_ptr<List>>(data_);
  }
  /// Whether it is a table.
  [[nodiscard]] bool is_table() const {
    return std::holds_alternative<std::shared_ptr<Table>>(data_);
  }

  /// Typed access; throws `LogicError` on the wrong type (check first: user input never gets here).
  [[nodiscard]] bool as_bool() const;
  /// The whole number. Throws `LogicError` when it is none.
  [[nodiscard]] std::int64_t as_integer() const;
  /// The number, whole or not. Throws `LogicError` when it is none.
  [[nodiscard]] double as_number() const;
  /// The text. Throws `LogicError` when it is none.
  [[nodiscard]] const std::string& as_string() const;
  /// The list. Throws `LogicError` when it is none.
  [[nodiscard]] const List& as_list() const;
  /// The table. Throws `LogicError` when it is none.
  [[nodiscard]] const Table& as_table() const;
  /// The list, to be changed.
  [[nodiscard]] List& as_list();
  /// The table, to be changed.
  [[nodiscard]] Table& as_table();

  /// "boolean", "integer", "number", "string", "list" or "table".
  [[nodiscard]] const char* type_name() const;
  /// The entry `key` of a table, or null.
  [[nodiscard]] const Value* find(const std::string& key) const;

  /// Where it was read.
  [[nodiscard]] const SourcePosition& where() const;
  /// Says where it was read.
  void set_where(SourcePosition where);

  /// Sorted keys, shortest floats that read back the same: equal values have equal text.
  [[nodiscard]] std::string canonical_json() const;

  /// Values are equal whatever their source position.
  friend SPURION_API bool operator==(const Value& a, const Value& b);
  /// Whether they differ.
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  /// Suites have hundreds of thousands of values, few of which are texts: those lie elsewhere.
  using Text = std::shared_ptr<const std::string>;

  void append_json(std::string& text) const;

  /// A null table is an empty one.
  std::variant<bool, std::int64_t, double, Text, std::shared_ptr<List>, std::shared_ptr<Table>>
      data_;
  std::shared_ptr<const SourcePosition> where_;  ///< null: made by a program
};

/// Values by name, in the order of their names: a map in one piece of memory, as tables are small
/// and many. To add or to drop an entry moves others: references to entries end with it.
class ValueTable {
 public:
  using value_type = std::pair<std::string, Value>;                ///< An entry.
  using iterator = std::vector<value_type>::iterator;              ///< To an entry.
  using const_iterator = std::vector<value_type>::const_iterator;  ///< To an entry.

  /// No entries.
  ValueTable() = default;
  /// Of these entries; of two of one name the first counts.
  ValueTable(std::initializer_list<value_type> entries) {
    entries_.reserve(entries.size());
    for (const value_type& entry : entries) emplace(entry.first, entry.second);
  }

  /// The first entry.
  [[nodiscard]] iterator begin() { return entries_.begin(); }
  /// Behind the last entry.
  [[nodiscard]] iterator end() { return entries_.end(); }
  /// The first entry.
  [[nodiscard]] const_iterator begin() const { return entries_.begin(); }
  /// Behind the last entry.
  [[nodiscard]] const_iterator end() const { return entries_.end(); }
  /// Number of entries.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Whether there is none.
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// The entry of this name, or `end()`.
  [[nodiscard]] const_iterator find(const std::string& name) const {
    const auto place = entries_.begin() + static_cast<std::ptrdiff_t>(place_of(name));
    return place != entries_.end() && place->first == name ? place : entries_.end();
  }
  /// The same, to be changed.
  [[nodiscard]] iterator find(const std::string& name) {
    const auto place = entries_.begin() + static_cast<std::ptrdiff_t>(place_of(name));
    return place != entries_.end() && place->first == name ? place : entries_.end();
  }
  /// 1 where there is an entry of this name, else 0.
  [[nodiscard]] std::size_t count(const std::string& name) const {
    return find(name) == end() ? 0 : 1;
  }
  /// The value of this name. Throws `LogicError` when there is none.
  [[nodiscard]] const Value& at(const std::string& name) const {
    const auto found = find(name);
    if (found == end()) no_entry(name);
    return found->second;
  }
  /// The same, to be changed.
  [[nodiscard]] Value& at(const std::string& name) {
    const auto found = find(name);
    if (found == end()) no_entry(name);
    return found->second;
  }
  /// The value of this name, to be changed; an empty table is added where there is none.
  Value& operator[](const std::string& name) { return emplace(name, Value()).first->second; }

  /// Adds an entry unless there is one of this name: that entry, and whether it was added.
  std::pair<iterator, bool> emplace(std::string name, Value value) {
    const auto place = entries_.begin() + static_cast<std::ptrdiff_t>(place_of(name));
    if (place != entries_.end() && place->first == name) return {place, false};
    return {entries_.emplace(place, std::move(name), std::move(value)), true};
  }
  /// Drops an entry; gives the next one.
  iterator erase(const_iterator entry) { return entries_.erase(entry); }
  /// Drops the entry of this name; gives how many there were.
  std::size_t erase(const std::string& name) {
    const auto found = find(name);
    if (found == end()) return 0;
    entries_.erase(found);
    return 1;
  }
  /// Gives back memory that further entries would take.
  void shrink_to_fit() { entries_.shrink_to_fit(); }

  /// Whether names and values are equal.
  friend bool operator==(const ValueTable& a, const ValueTable& b) {
    return a.entries_ == b.entries_;
  }
  /// Whether they differ.
  friend bool operator!=(const ValueTable& a, const ValueTable& b) { return !(a == b); }

 private:
  /// Where an entry of this name is, or would be.
  [[nodiscard]] SPURION_API std::size_t place_of(const std::string& name) const;
  [[noreturn]] SPURION_API static void no_entry(const std::string& name);

  std::vector<value_type> entries_;
};

/// Lists and tables inside each other, deeper than this, are refused when they are read.
inline constexpr int kDeepestValue = 100;

/// Reads TOML text; `name` is what error messages call it. Throws `UsageError` with file, line and
/// column on a syntax error, and where it nests deeper than `kDeepestValue`.
SPURION_API Value parse_toml(const std::string& text, const std::string& name);
/// Reads a TOML file. Throws `UsageError` when it is missing, no plain file, larger than 64 MiB, or
/// malformed.
SPURION_API Value read_toml(const std::filesystem::path& path);
/// Reads what `canonical_json` wrote (JSON without null). Throws `UsageError`, also where it nests
/// deeper than `kDeepestValue`.
SPURION_API Value parse_json(const std::string& text, const std::string& name);

}  // namespace spurion
