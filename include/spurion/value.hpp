#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
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

class Value;
class ValueTable;

namespace detail {

/// What values share lies in memory once and counts who has it.
struct SharedPart {
  std::atomic<std::int64_t> owners{1};  ///< values that have it
};

}  // namespace detail

/// bool, integer, number, string, list or table: 16 bytes.
///
/// A copy shares the text, list or table of its original until one of the two is changed, so a copy
/// costs no more than a number. What `as_list()` and `as_table()` of a value that is not const
/// refer to is for changing the value at once: take it again once the value has been copied.
class SPURION_API Value {
 public:
  using List = std::vector<Value>;  ///< Values in order.
  using Table = ValueTable;         ///< Values by name.

  /// An empty table.
  Value() : Value(Kind::table) {}
  /// A flag.
  Value(bool value) : Value(Kind::boolean) {  // NOLINT(google-explicit-constructor)
    content_.flag = value;
  }
  /// A whole number.
  Value(int value)  // NOLINT(google-explicit-constructor)
      : Value(static_cast<std::int64_t>(value)) {}
  /// A whole number.
  Value(std::int64_t value) : Value(Kind::integer) {  // NOLINT(google-explicit-constructor)
    content_.integer = value;
  }
  /// A number.
  Value(double value) : Value(Kind::number) {  // NOLINT(google-explicit-constructor)
    content_.number = value;
  }
  /// A text.
  Value(const char* value) : Value(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  /// A text.
  Value(std::string value);  // NOLINT(google-explicit-constructor)
  /// A list.
  Value(List value);  // NOLINT(google-explicit-constructor)
  /// A table.
  Value(Table value);  // NOLINT(google-explicit-constructor)

  /// Shares what the other has.
  Value(const Value& other) : content_(other.content_), tag_(other.tag_) {
    if (is_shared()) keep();
  }
  /// Takes what the other has, which is an empty table then.
  Value(Value&& other) noexcept : Value(Kind::table) { swap(other); }
  /// Shares what the other has.
  Value& operator=(const Value& other) {
    Value(other).swap(*this);
    return *this;
  }
  /// Takes what the other has, which is an empty table then.
  Value& operator=(Value&& other) noexcept {
    Value(std::move(other)).swap(*this);
    return *this;
  }
  ~Value() {
    if (is_shared()) let_go();
  }

  /// Whether it is a flag.
  [[nodiscard]] bool is_bool() const { return kind() == Kind::boolean; }
  /// Whether it is a whole number.
  [[nodiscard]] bool is_integer() const { return kind() == Kind::integer; }
  /// An integer counts as a number, never the reverse.
  [[nodiscard]] bool is_number() const { return is_integer() || kind() == Kind::number; }
  /// Whether it is a text.
  [[nodiscard]] bool is_string() const { return kind() == Kind::text; }
  /// Whether it is a list.
  [[nodiscard]] bool is_list() const { return kind() == Kind::list; }
  /// Whether it is a table.
  [[nodiscard]] bool is_table() const { return kind() == Kind::table; }

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

  /// Shares with another value what the two have in common: names of entries, texts, lists, tables.
  /// It stays the same value and takes less memory.
  void share_parts(const Value& other);

  /// Sorted keys, shortest floats that read back the same: equal values have equal text.
  [[nodiscard]] std::string canonical_json() const;

  /// Values are equal whatever their source position.
  friend SPURION_API bool operator==(const Value& a, const Value& b);
  /// Whether they differ.
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  /// In the order of `type_name`. Of text on, the content is shared.
  enum class Kind : std::uintptr_t { boolean, integer, number, text, list, table };
  union Content {
    bool flag;
    std::int64_t integer;
    double number;
    detail::SharedPart* part;  ///< null: an empty text, list or table
  };
  struct TextPart;
  struct ListPart;
  struct TablePart;
  struct PlacePart;

  /// Bits of the tag that hold the kind.
  static constexpr std::uintptr_t kKindBits = 7;

  explicit Value(Kind kind) : tag_(static_cast<std::uintptr_t>(kind)) { content_.part = nullptr; }

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(tag_ & kKindBits); }
  /// Null: made by a program.
  [[nodiscard]] detail::SharedPart* place() const {
    return reinterpret_cast<detail::SharedPart*>(tag_ & ~kKindBits);
  }
  [[nodiscard]] detail::SharedPart* part() const {
    return kind() < Kind::text ? nullptr : content_.part;
  }
  [[nodiscard]] bool is_shared() const { return tag_ > kKindBits || part() != nullptr; }
  void swap(Value& other) noexcept {
    std::swap(content_, other.content_);
    std::swap(tag_, other.tag_);
  }
  void keep() const;
  void let_go();
  /// The part, for changing it: of its own from now on.
  template <class Part>
  Part& own_part();
  /// Equal to the bit, and read at the same places.
  [[nodiscard]] bool is_same(const Value& other) const;
  friend class ValueTable;
  void append_json(std::string& text) const;

  Content content_;
  std::uintptr_t tag_;  ///< the kind, and where it was read: a pointer, whose low bits are free
};

/// Values by name, in the order of their names: a map whose names and values lie in one piece of
/// memory each, as tables are small and many. Copies share the names until one of them gets or
/// loses an entry. To add or to drop an entry moves others: references to entries end with it.
class ValueTable {
 public:
  using value_type = std::pair<std::string, Value>;  ///< An entry.

  /// To an entry, of which it gives the name and a reference to the value.
  template <class Item>
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;       ///< It gives pairs of references.
    using value_type = ValueTable::value_type;               ///< An entry.
    using difference_type = std::ptrdiff_t;                  ///< Of two iterators.
    using reference = std::pair<const std::string&, Item&>;  ///< What it gives.
    /// What stands for a pointer to an entry.
    struct pointer {
      reference entry;  ///< the entry
      /// The entry.
      const reference* operator->() const { return &entry; }
    };

    /// Of no table.
    Iterator() = default;
    /// At a name and its value.
    Iterator(const std::string* name, Item* value) : name_(name), value_(value) {}
    /// One that cannot change the entry.
    operator Iterator<const Value>() const {  // NOLINT(google-explicit-constructor)
      return {name_, value_};
    }
    /// The entry there.
    reference operator*() const { return {*name_, *value_}; }
    /// The entry there.
    pointer operator->() const { return {**this}; }
    /// The next entry.
    Iterator& operator++() {
      ++name_;
      ++value_;
      return *this;
    }
    /// The next entry; gives the one before.
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    /// Whether both are at one entry.
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.value_ == b.value_; }
    /// Whether they are at different entries.
    friend bool operator!=(const Iterator& a, const Iterator& b) { return a.value_ != b.value_; }

   private:
    friend class ValueTable;
    const std::string* name_ = nullptr;
    Item* value_ = nullptr;
  };
  using iterator = Iterator<Value>;              ///< To an entry.
  using const_iterator = Iterator<const Value>;  ///< To an entry.

  /// No entries.
  ValueTable() = default;
  /// Of these entries; of two of one name the first counts.
  ValueTable(std::initializer_list<value_type> entries) {
    values_.reserve(entries.size());
    for (const value_type& entry : entries) emplace(entry.first, entry.second);
  }

  /// The first entry.
  [[nodiscard]] iterator begin() { return at_place(0); }
  /// Behind the last entry.
  [[nodiscard]] iterator end() { return at_place(values_.size()); }
  /// The first entry.
  [[nodiscard]] const_iterator begin() const { return at_place(0); }
  /// Behind the last entry.
  [[nodiscard]] const_iterator end() const { return at_place(values_.size()); }
  /// Number of entries.
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  /// Whether there is none.
  [[nodiscard]] bool empty() const { return values_.empty(); }

  /// The entry of this name, or `end()`.
  [[nodiscard]] const_iterator find(const std::string& name) const {
    const std::size_t place = place_of(name);
    return at_place(has(place, name) ? place : values_.size());
  }
  /// The same, to be changed.
  [[nodiscard]] iterator find(const std::string& name) {
    const std::size_t place = place_of(name);
    return at_place(has(place, name) ? place : values_.size());
  }
  /// 1 where there is an entry of this name, else 0.
  [[nodiscard]] std::size_t count(const std::string& name) const {
    return has(place_of(name), name) ? 1 : 0;
  }
  /// The value of this name. Throws `LogicError` when there is none.
  [[nodiscard]] const Value& at(const std::string& name) const {
    const std::size_t place = place_of(name);
    if (!has(place, name)) no_entry(name);
    return values_[place];
  }
  /// The same, to be changed.
  [[nodiscard]] Value& at(const std::string& name) {
    const std::size_t place = place_of(name);
    if (!has(place, name)) no_entry(name);
    return values_[place];
  }
  /// The value of this name, to be changed; an empty table is added where there is none.
  Value& operator[](const std::string& name) {
    const std::size_t place = place_of(name);
    if (!has(place, name)) insert(place, name, Value());
    return values_[place];
  }

  /// Adds an entry unless there is one of this name: that entry, and whether it was added.
  std::pair<iterator, bool> emplace(std::string name, Value value) {
    const std::size_t place = place_of(name);
    const bool added = !has(place, name);
    if (added) insert(place, std::move(name), std::move(value));
    return {at_place(place), added};
  }
  /// Drops an entry; gives the next one.
  iterator erase(const_iterator entry) {
    const auto place = static_cast<std::size_t>(entry.value_ - values_.data());
    drop(place);
    return at_place(place);
  }
  /// Drops the entry of this name; gives how many there were.
  std::size_t erase(const std::string& name) {
    const std::size_t place = place_of(name);
    if (!has(place, name)) return 0;
    drop(place);
    return 1;
  }
  /// Gives back memory that further entries would take.
  void shrink_to_fit() { values_.shrink_to_fit(); }
  /// As `Value::share_parts`.
  SPURION_API void share_parts(const ValueTable& other);

  /// Whether names and values are equal.
  friend bool operator==(const ValueTable& a, const ValueTable& b) {
    return a.values_.size() == b.values_.size() && a.same_names(b) && a.values_ == b.values_;
  }
  /// Whether they differ.
  friend bool operator!=(const ValueTable& a, const ValueTable& b) { return !(a == b); }

 private:
  using Names = std::vector<std::string>;

  [[nodiscard]] const std::string* name_at(std::size_t place) const {
    return names_ == nullptr ? nullptr : names_->data() + place;
  }
  [[nodiscard]] iterator at_place(std::size_t place) {
    return {name_at(place), values_.data() + place};
  }
  [[nodiscard]] const_iterator at_place(std::size_t place) const {
    return {name_at(place), values_.data() + place};
  }
  /// Where an entry of this name is, or would be.
  [[nodiscard]] SPURION_API std::size_t place_of(const std::string& name) const;
  [[nodiscard]] bool has(std::size_t place, const std::string& name) const {
    return place < values_.size() && (*names_)[place] == name;
  }
  friend class Value;
  [[nodiscard]] SPURION_API bool is_same(const ValueTable& other) const;
  [[nodiscard]] bool same_names(const ValueTable& other) const {
    return values_.empty() || names_ == other.names_ || *names_ == *other.names_;
  }
  /// The names, for changing them: its own from now on.
  [[nodiscard]] SPURION_API Names& own_names();
  SPURION_API void insert(std::size_t place, std::string name, Value value);
  SPURION_API void drop(std::size_t place);
  [[noreturn]] SPURION_API static void no_entry(const std::string& name);

  std::shared_ptr<Names> names_;  ///< as many as values; null where there never was an entry
  std::vector<Value> values_;     ///< of the names, in their order
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
