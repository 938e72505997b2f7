#pragma once

#include <cstdint>
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

  /// The options of a pack of K replicas from those of its K trials: `PerReplica` fields gather K
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
