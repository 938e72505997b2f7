#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/field_info.hpp"
#include "spurion/field_types.hpp"
#include "spurion/value.hpp"

/// \file
/// Options are plain structs; the default of a field is its member initialiser, written once. A
/// `Schema` adds, once, what else there is to say: name, doc, bounds, allowed words, and the
/// distribution a random search draws from. From it come parsing, printing, `spurion describe`,
/// random search and the packing of trials into packs of replicas.

namespace spurion {

namespace detail {

/// A field as a schema declares it.
struct DeclaredField {
  const char* name;            ///< as suites write it
  const char* doc;             ///< one sentence
  const FieldFunctions* type;  ///< what its type does
  std::ptrdiff_t offset;       ///< where it lies in the options, in bytes from their begin
};

/// What a `Schema` does that does not depend on the type of its options: it has them by their
/// address, and is compiled once.
class SPURION_API FieldList {
 public:
  FieldList();
  FieldList(const FieldList& other);
  FieldList(FieldList&& other) noexcept;
  FieldList& operator=(const FieldList& other);
  FieldList& operator=(FieldList&& other) noexcept;
  ~FieldList();

  /// `defaults`: options as they are by default.
  void add(const DeclaredField& field, const void* defaults, Bounds bounds, Search search);
  /// The fields of a base, which lies `offset` bytes from the begin of the options.
  void include(const FieldList& base, std::ptrdiff_t offset, const void* defaults);
  /// `checked`: options that are written on, to see whether they take those of the preset.
  void preset(const char* name, const std::vector<PresetOption>& options, const std::string& note,
              void* checked);
  void last_is(FieldUse use);
  void last_is_required();

  [[nodiscard]] const std::vector<FieldInfo>& fields() const { return fields_; }
  [[nodiscard]] const std::vector<PresetInfo>& presets() const { return presets_; }

  /// Reads `table` over `options`, which have their defaults.
  void parse(const Value& table, const std::string& owner, Problems& problems, void* options) const;
  [[nodiscard]] Value print(const void* options) const;
  /// Gathers the options `each` in `out`.
  void gather(const std::vector<const void*>& each, void* out) const;

 private:
  struct Member {
    const FieldFunctions* type;
    std::ptrdiff_t offset;

    void read(const Value& value, const FieldInfo& info, const std::string& owner,
              Problems& problems, void* options) const;
    [[nodiscard]] Value print(const void* options) const;
  };
  /// One option that a preset sets.
  struct Setting {
    std::size_t field;
    Value value;
  };

  std::vector<FieldInfo> fields_;
  std::vector<Member> members_;
  std::vector<PresetInfo> presets_;
  std::vector<std::vector<Setting>> settings_;  ///< of each preset
};

/// How many bytes `part` lies behind the begin of `whole`, which has it.
template <class Whole, class Part>
std::ptrdiff_t offset_in(const Whole& whole, const Part& part) {
  return reinterpret_cast<const char*>(&part) - reinterpret_cast<const char*>(&whole);
}

}  // namespace detail

/// What the fields of `Options` are. Build once in a function-local `static const`.
template <class Options>
class Schema {
 public:
  /// Declares a field. `Options` default-constructed gives the default.
  template <class T>
  Schema& field(const char* name, T Options::*member, const char* doc, Bounds bounds = {},
                Search search = {}) {
    const Options& options = defaults();
    list_.add(
        {name, doc, &detail::field_functions<T>(), detail::offset_in(options, options.*member)},
        &options, std::move(bounds), std::move(search));
    return *this;
  }

  /// Adds the fields of a base of `Options`, in their order. Their defaults are those of `Options`.
  template <class Base>
  Schema& include(const Schema<Base>& base) {
    static_assert(std::is_base_of_v<Base, Options>, "`Options` derives from what it includes");
    const Options& options = defaults();
    list_.include(base.list_, detail::offset_in(options, static_cast<const Base&>(options)),
                  &options);
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
    list_.last_is_required();
    return *this;
  }

  /// Declares a preset: `preset = "name"` in a table starts from the defaults with these options
  /// set; the table's other keys are laid over that. What is stored are the options, so a trial is
  /// the same whether it was written with the preset or field by field. Its doc says the options,
  /// and then the `note`; a preset of no options is "the defaults". Declare it after its fields.
  Schema& preset(const char* name, const std::vector<PresetOption>& options,
                 const std::string& note = {}) {
    Options checked;
    list_.preset(name, options, note, &checked);
    return *this;
  }

  /// All options, in the order they were added.
  [[nodiscard]] const std::vector<FieldInfo>& fields() const { return list_.fields(); }
  /// All presets, in the order they were added.
  [[nodiscard]] const std::vector<PresetInfo>& presets() const { return list_.presets(); }

  /// Reads a table; unknown keys, wrong types and values out of range are added to `problems`.
  /// `owner` is how messages call the thing the options belong to.
  Options parse(const Value& table, const std::string& owner, Problems& problems) const {
    Options options;
    list_.parse(table, owner, problems, &options);
    return options;
  }

  /// All fields, defaults included.
  [[nodiscard]] Value print(const Options& options) const { return list_.print(&options); }

  /// The options of a pack of K replicas from those of its K trials: `PerReplica` fields gather K
  /// values; the others must agree (the planner sees to it).
  [[nodiscard]] Options gather(const std::vector<Options>& trials) const {
    std::vector<const void*> each;
    each.reserve(trials.size());
    for (const Options& one : trials) each.push_back(&one);
    Options out;
    list_.gather(each, &out);
    return out;
  }
  /// The same from the tables of the trials. Throws `UsageError` with all that is wrong in them.
  [[nodiscard]] Options gather_tables(const std::vector<Value>& tables,
                                      const std::string& owner) const {
    Problems problems;
    std::vector<Options> trials(tables.size());
    for (std::size_t k = 0; k < tables.size(); ++k) {
      list_.parse(tables[k], owner, problems, &trials[k]);
    }
    problems.raise();
    return gather(trials);
  }

 private:
  template <class>
  friend class Schema;

  static const Options& defaults() {
    static const Options options{};
    return options;
  }
  Schema& last_is(FieldUse use) {
    list_.last_is(use);
    return *this;
  }

  detail::FieldList list_;
};

/// A schema seen without its C++ type: what registries and the planner use.
struct AnySchema {
  /// Checks a table and returns all fields with defaults filled in.
  using Normalise =
      std::function<Value(const Value& table, const std::string& owner, Problems& problems)>;

  std::vector<FieldInfo> fields;    ///< all options
  std::vector<PresetInfo> presets;  ///< all presets
  Normalise normalise;              ///< checks a table, and fills the defaults in

  /// The schema without its type. `schema` must live as long.
  template <class Options>
  static AnySchema of(const Schema<Options>& schema) {
    return of(schema.fields(), schema.presets(),
              [&schema](const Value& table, const std::string& owner, Problems& problems) {
                return schema.print(schema.parse(table, owner, problems));
              });
  }
  /// The same of these parts.
  SPURION_API static AnySchema of(const std::vector<FieldInfo>& fields,
                                  const std::vector<PresetInfo>& presets, Normalise normalise);

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
