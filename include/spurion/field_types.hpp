#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/field_info.hpp"
#include "spurion/replicas.hpp"

/// \file
/// How a schema reads and prints the types that options have. Programs use schema.hpp.

namespace spurion {

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
/// Values of one type by names that the user chooses; the bounds hold for each value.
template <class T>
struct FieldType<std::map<std::string, T>> {
  static_assert(std::is_same_v<T, double>, "tables of numbers");
  static constexpr const char* kName = "table of numbers";
  static constexpr bool kPerReplica = false;
  static Value print(const std::map<std::string, T>& values) {
    Value::Table table;
    for (const auto& [name, value] : values) table[name] = FieldType<T>::print(value);
    return table;
  }
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   std::map<std::string, T>& out) {
    if (!is_table(v, "'" + f.name + "' of " + owner, p)) return false;
    std::map<std::string, T> values;
    bool good = true;
    for (const auto& [name, item] : v.as_table()) {
      FieldInfo entry = f;
      entry.name = f.name + "." + name;
      T value{};
      good = FieldType<T>::read(item, entry, owner, p, value) && good;
      values[name] = value;
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

/// The options of a pack: those of its first trial, which all have in common, or one value for each
/// replica. `each`: addresses of values of type T.
template <class T>
struct Gathered {
  static void into(T& out, const std::vector<const void*>& each) {
    out = *static_cast<const T*>(each.front());
  }
};
template <class T>
struct Gathered<PerReplica<T>> {
  static void into(PerReplica<T>& out, const std::vector<const void*>& each) {
    std::vector<T> values;
    values.reserve(each.size());
    for (const void* one : each) values.push_back(static_cast<const PerReplica<T>*>(one)->value());
    out = PerReplica<T>(std::move(values));
  }
};

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

/// What `FieldType`, `Gathered` and `NestedFields` of a type do, with values by their address: what
/// knows no more is compiled once, not for each type of options.
struct FieldFunctions {
  const char* name;  ///< of the type
  bool per_replica;  ///< may differ between replicas of one pack
  bool (*read)(const Value&, const FieldInfo&, const std::string& owner, Problems&, void* out);
  Value (*print)(const void* value);
  void (*gather)(void* out, const std::vector<const void*>& each);
  std::vector<FieldInfo> (*fields)();
};

template <class T>
struct ByAddress {
  static bool read(const Value& v, const FieldInfo& f, const std::string& owner, Problems& p,
                   void* out) {
    return FieldType<T>::read(v, f, owner, p, *static_cast<T*>(out));
  }
  static Value print(const void* value) {
    return FieldType<T>::print(*static_cast<const T*>(value));
  }
  static void gather(void* out, const std::vector<const void*>& each) {
    Gathered<T>::into(*static_cast<T*>(out), each);
  }
  static const FieldFunctions& functions() {
    static constexpr FieldFunctions all{
        FieldType<T>::kName, FieldType<T>::kPerReplica, read, print, gather, NestedFields<T>::of};
    return all;
  }
};

template <class T>
const FieldFunctions& field_functions() {
  return ByAddress<T>::functions();
}
// Types that many options have are compiled in libspurion_results.
template <>
SPURION_API const FieldFunctions& field_functions<bool>();
template <>
SPURION_API const FieldFunctions& field_functions<std::int64_t>();
template <>
SPURION_API const FieldFunctions& field_functions<double>();
template <>
SPURION_API const FieldFunctions& field_functions<std::string>();
template <>
SPURION_API const FieldFunctions& field_functions<std::optional<double>>();
template <>
SPURION_API const FieldFunctions& field_functions<std::vector<std::int64_t>>();
template <>
SPURION_API const FieldFunctions& field_functions<std::vector<double>>();
template <>
SPURION_API const FieldFunctions& field_functions<std::vector<std::string>>();
template <>
SPURION_API const FieldFunctions& field_functions<PerReplica<std::int64_t>>();
template <>
SPURION_API const FieldFunctions& field_functions<PerReplica<double>>();

}  // namespace detail

}  // namespace spurion
