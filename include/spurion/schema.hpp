#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/random.hpp"
#include "spurion/replicas.hpp"
#include "spurion/value.hpp"

/// \file
/// Options are plain structs; the default of a field is its member initialiser, written once. A
/// `Schema` adds, once, what else there is to say: name, doc, bounds, allowed words, and the
/// distribution a random search draws from. From it come parsing, printing, `spurion describe`,
/// random search and the packing of trials into packs of replicas.

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
  phase         ///< the number of a phase of the trials' streams
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

namespace detail {

template <class T, class = void>
struct FieldType;  // maps a member type to its Value representation

/// Whether T is a struct of options with a schema of its own.
template <class T, class = void>
struct HasSchema : std::false_type {};
template <class T>
struct HasSchema<T, std::void_t<decltype(T::schema())>> : std::true_type {};

SPURION_API bool read_bool(const Value&, const FieldInfo&, const std::string&, Problems&, bool&);
SPURION_API bool read_integer(const Value&, const FieldInfo&, const std::string&, Problems&,
                              std::int64_t&);
SPURION_API bool read_number(const Value&, const FieldInfo&, const std::string&, Problems&,
                             double&);
SPURION_API bool read_string(const Value&, const FieldInfo&, const std::string&, Problems&,
                             std::string&);
/// False, which is reported, where a value is no table.
SPURION_API bool is_table(const Value& value, const std::string& whose, Problems& problems);

template <>
struct FieldType<bool> {
  static constexpr const char* kName = "boolean";
  static constexpr bool kPerReplica = false;
  static Value print(const bool& value) { return value; }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   bool& out) {
    return read_bool(v, f, owner, p, out);
  }
};
template <>
struct FieldType<std::int64_t> {
  static constexpr const char* kName = "integer";
  static constexpr bool kPerReplica = false;
  static Value print(const std::int64_t& value) { return value; }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   std::int64_t& out) {
    return read_integer(v, f, owner, p, out);
  }
};
template <>
struct FieldType<double> {
  static constexpr const char* kName = "number";
  static constexpr bool kPerReplica = false;
  static Value print(const double& value) { return value; }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   double& out) {
    return read_number(v, f, owner, p, out);
  }
};
template <>
struct FieldType<std::string> {
  static constexpr const char* kName = "string";
  static constexpr bool kPerReplica = false;
  static Value print(const std::string& value) { return value; }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   std::string& out) {
    return read_string(v, f, owner, p, out);
  }
};
template <class T>
struct FieldType<std::vector<T>> {
  static constexpr const char* kName = std::is_same_v<T, double>         ? "list of numbers"
                                       : std::is_same_v<T, std::int64_t> ? "list of integers"
                                       : std::is_same_v<T, std::string>  ? "list of strings"
                                                                         : "list of tables";
  static constexpr bool kPerReplica = false;
  static Value print(const std::vector<T>& values) {
    Value::List list;
    for (const T& value : values) list.push_back(FieldType<T>::print(value));
    return list;
  }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   std::vector<T>& out) {
    if (!v.is_list()) {
      const std::string where = v.where().text();
      p.add((where.empty() ? "" : where + ": ") + "'" + f.name + "' of " + owner + " expects a " +
            kName + ", got " + v.type_name());
      return false;
    }
    std::vector<T> values;
    bool good = true;
    for (const Value& item : v.as_list()) {
      T value{};
      good = FieldType<T>::read(item, f, owner, p, value) && good;
      values.push_back(std::move(value));
    }
    if (good) out = std::move(values);
    return good;
  }
};
/// A number, or nothing. Printed, nothing is an empty table.
template <class T>
struct FieldType<std::optional<T>> {
  static constexpr const char* kName = FieldType<T>::kName;
  static constexpr bool kPerReplica = false;
  static Value print(const std::optional<T>& value) {
    return value ? FieldType<T>::print(*value) : Value();
  }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   std::optional<T>& out) {
    if (v.is_table() && v.as_table().empty()) {
      out.reset();
      return true;
    }
    T value{};
    if (!FieldType<T>::read(v, f, owner, p, value)) return false;
    out = std::move(value);
    return true;
  }
};
/// A table with a schema of its own.
template <class T>
struct FieldType<T, std::enable_if_t<HasSchema<T>::value>> {
  static constexpr const char* kName = "table";
  static constexpr bool kPerReplica = false;
  static Value print(const T& value) { return T::schema().print(value); }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   T& out) {
    const std::string whose = "'" + f.name + "' of " + owner;
    if (!is_table(v, whose, p)) return false;
    const std::size_t before = p.list().size();
    out = T::schema().parse(v, whose, p);
    return p.list().size() == before;
  }
};
template <class T>
struct FieldType<PerReplica<T>> {
  static constexpr const char* kName = FieldType<T>::kName;
  static constexpr bool kPerReplica = true;
  static Value print(const PerReplica<T>& value) { return FieldType<T>::print(value.value()); }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   PerReplica<T>& out) {
    T value{};
    if (!FieldType<T>::read(v, f, owner, p, value)) return false;
    out = PerReplica<T>(value);
    return true;
  }
};

template <class T>
void gather(T& out, const std::vector<const T*>& each) {
  out = *each.front();
}
template <class T>
void gather(PerReplica<T>& out, const std::vector<const PerReplica<T>*>& each) {
  std::vector<T> values;
  values.reserve(each.size());
  for (const PerReplica<T>* one : each) values.push_back(one->value());
  out = PerReplica<T>(std::move(values));
}

/// The fields of a table, or of each table of a list; none of other types.
template <class T>
struct NestedFields {
  static std::vector<FieldInfo> of() {
    if constexpr (HasSchema<T>::value) return T::schema().fields();
    return {};
  }
};
template <class T>
struct NestedFields<std::vector<T>> : NestedFields<T> {};

/// Reports fields that must be there and are not; an empty list counts as none.
SPURION_API void report_missing(const Value& table, const std::vector<FieldInfo>& fields,
                                const std::string& owner, Problems& problems);
SPURION_API void report_unknown_keys(const Value& table, const std::vector<FieldInfo>& fields,
                                     bool has_presets, const std::string& owner,
                                     Problems& problems);
/// Which of `presets` the table's "preset" names; -1 when it has none or a wrong one (reported).
SPURION_API std::int64_t find_preset(const Value& table, const std::vector<PresetInfo>& presets,
                                     const std::string& owner, Problems& problems);

/// "label_noise = 0.1, train_shifts = [0.4, 0.2]"; "the defaults" of no options.
SPURION_API std::string preset_text(const std::vector<PresetOption>& options);
[[noreturn]] SPURION_API void refuse_preset(const char* preset, const std::string& why);

}  // namespace detail

/// What the fields of `Options` are. Build once in a function-local `static const`.
template <class Options>
class Schema {
 public:
  /// Declares a field. `Options` default-constructed gives the default.
  template <class T>
  Schema& field(const char* name, T Options::*member, const char* doc, Bounds bounds = {},
                Search search = {}) {
    using Type = detail::FieldType<T>;
    FieldInfo info{name,
                   Type::kName,
                   doc,
                   Type::print(Options{}.*member),
                   std::move(bounds),
                   std::move(search),
                   Type::kPerReplica};
    info.fields = detail::NestedFields<T>::of();
    Access access;
    access.read = [member, info](const Value& v, const std::string& owner, Problems& p,
                                 Options& o) { Type::read(v, info, owner, p, o.*member); };
    access.print = [member](const Options& o) { return Type::print(o.*member); };
    access.gather = [member](Options& out, const std::vector<const Options*>& each) {
      std::vector<const T*> values;
      values.reserve(each.size());
      for (const Options* one : each) values.push_back(&(one->*member));
      detail::gather(out.*member, values);
    };
    fields_.push_back(std::move(info));
    access_.push_back(std::move(access));
    return *this;
  }

  /// Adds the fields of a base of `Options`, in their order. Their defaults are those of `Options`.
  template <class Base>
  Schema& include(const Schema<Base>& base) {
    static_assert(std::is_base_of_v<Base, Options>, "`Options` derives from what it includes");
    for (std::size_t i = 0; i < base.fields_.size(); ++i) {
      const auto& own = base.access_[i];
      Access access;
      access.read = [read = own.read](const Value& v, const std::string& owner, Problems& p,
                                      Options& o) { read(v, owner, p, o); };
      access.print = [print = own.print](const Options& o) { return print(o); };
      access.gather = [gather = own.gather](Options& out, const std::vector<const Options*>& each) {
        gather(out, std::vector<const Base*>(each.begin(), each.end()));
      };
      FieldInfo info = base.fields_[i];
      info.default_value = access.print(Options{});
      fields_.push_back(std::move(info));
      access_.push_back(std::move(access));
    }
    return *this;
  }

  /// Says that the field declared last names an image source. Its allowed words are the sources
  /// that are registered.
  Schema& data_source() { return last_is(FieldUse::image_source); }
  /// Says that the field declared last names a file of data.
  Schema& data_file() { return last_is(FieldUse::data_file); }
  /// Says that the field declared last shapes the stream.
  Schema& stream_axis() { return last_is(FieldUse::stream_axis); }
  /// Says what the field declared last names.
  Schema& names(FieldUse use) { return last_is(use); }
  /// Says that a table must have the field declared last.
  Schema& required() {
    fields_.back().required = true;
    return *this;
  }

  /// Declares a preset: `preset = "name"` in a table starts from the defaults with these options
  /// set; the table's other keys are laid over that. What is stored are the options, so a trial is
  /// the same whether it was written with the preset or field by field. Its doc says the options,
  /// and then the `note`; a preset of no options is "the defaults". Declare it after its fields.
  Schema& preset(const char* name, const std::vector<PresetOption>& options,
                 const std::string& note = {}) {
    std::vector<std::pair<decltype(Access::read), Value>> settings;
    Options checked;
    Problems problems;
    for (const PresetOption& option : options) {
      std::size_t i = 0;
      while (i < fields_.size() && fields_[i].name != option.name) ++i;
      if (i == fields_.size()) {
        detail::refuse_preset(name, std::string("there is no option ") + option.name);
      }
      access_[i].read(option.value, name, problems, checked);
      settings.emplace_back(access_[i].read, option.value);
    }
    if (!problems.empty()) detail::refuse_preset(name, problems.list().front());
    presets_.push_back({name, detail::preset_text(options) + (note.empty() ? "" : ": " + note)});
    changes_.push_back([settings = std::move(settings)](Options& out) {
      Problems none;
      for (const auto& [read, value] : settings) read(value, "a preset", none, out);
    });
    return *this;
  }

  /// All options, in the order they were added.
  [[nodiscard]] const std::vector<FieldInfo>& fields() const { return fields_; }
  /// All presets, in the order they were added.
  [[nodiscard]] const std::vector<PresetInfo>& presets() const { return presets_; }

  /// Reads a table; unknown keys, wrong types and values out of range are added to `problems`.
  /// `owner` is how messages call the thing the options belong to.
  Options parse(const Value& table, const std::string& owner, Problems& problems) const {
    Options options;
    detail::report_unknown_keys(table, fields_, !presets_.empty(), owner, problems);
    detail::report_missing(table, fields_, owner, problems);
    const std::int64_t preset = detail::find_preset(table, presets_, owner, problems);
    if (preset >= 0) changes_[static_cast<std::size_t>(preset)](options);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (const Value* value = table.find(fields_[i].name)) {
        access_[i].read(*value, owner, problems, options);
      }
    }
    return options;
  }

  /// All fields, defaults included.
  [[nodiscard]] Value print(const Options& options) const {
    Value::Table table;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      table[fields_[i].name] = access_[i].print(options);
    }
    return table;
  }

  /// The options of a batch of K replicas from those of its K trials: `PerReplica` fields gather K
  /// values; the others must agree (the planner sees to it).
  [[nodiscard]] Options gather(const std::vector<Options>& trials) const {
    std::vector<const Options*> each;
    each.reserve(trials.size());
    for (const Options& one : trials) each.push_back(&one);
    Options out;
    for (const Access& access : access_) access.gather(out, each);
    return out;
  }

 private:
  template <class>
  friend class Schema;

  Schema& last_is(FieldUse use) {
    fields_.back().use = use;
    return *this;
  }

  struct Access {
    std::function<void(const Value&, const std::string&, Problems&, Options&)> read;
    std::function<Value(const Options&)> print;
    std::function<void(Options&, const std::vector<const Options*>&)> gather;
  };
  std::vector<FieldInfo> fields_;
  std::vector<Access> access_;
  std::vector<PresetInfo> presets_;
  std::vector<std::function<void(Options&)>> changes_;
};

/// A schema seen without its C++ type: what registries and the planner use.
struct AnySchema {
  std::vector<FieldInfo> fields;    ///< all options
  std::vector<PresetInfo> presets;  ///< all presets
  /// Checks a table and returns all fields with defaults filled in.
  std::function<Value(const Value& table, const std::string& owner, Problems&)> normalise;

  /// The schema without its type.
  template <class Options>
  static AnySchema of(const Schema<Options>& schema) {
    return {schema.fields(), schema.presets(),
            [&schema](const Value& table, const std::string& owner, Problems& p) {
              return schema.print(schema.parse(table, owner, p));
            }};
  }

  /// The field of this name, or null.
  [[nodiscard]] const FieldInfo* find(const std::string& name) const {
    for (const FieldInfo& field : fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }
  /// The first field of this use, or null.
  [[nodiscard]] const FieldInfo* find(FieldUse use) const {
    for (const FieldInfo& field : fields) {
      if (field.use == use) return &field;
    }
    return nullptr;
  }
};

}  // namespace spurion
