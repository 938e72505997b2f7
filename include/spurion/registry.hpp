#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/schema.hpp"

namespace spurion {

/// What a comparison needs a registered thing for, beside comparing it.
enum class Control {
  none,     ///< nothing: it is compared only
  placebo,  ///< it has the form of others without their information: who does not beat it gained by
            ///< the form alone
  oracle    ///< it is given what no other is: how far the others could come
};
/// "none", "placebo" or "oracle": as stores hold it.
SPURION_API const char* control_name(Control control);

/// A registered thing as people see it.
struct EntryInfo {
  std::string name;                 ///< lower_snake_case
  std::string summary;              ///< one sentence
  std::string reference;            ///< paper or formula it implements
  std::string origin;               ///< "built-in", the plug-in it came from, or "this program"
  Control control = Control::none;  ///< what comparisons need it for

  /// Whether it comes with spurion.
  [[nodiscard]] bool builtin() const { return origin == kBuiltin; }
  static constexpr const char* kBuiltin = "built-in";  ///< Origin of what comes with spurion.
  /// Origin of what a program adds itself.
  static constexpr const char* kProgram = "this program";
};

/// Throws `UsageError` unless `name` is lower_snake_case.
SPURION_API void check_registered_name(const std::string& kind, const std::string& name);

namespace detail {
/// To be called while an exception of a constructor is handled. Rethrows it where it tells of bad
/// input (`UsageError`, `DataError`) or `info` is a built-in; else throws a `PluginError` that
/// names the thing.
[[noreturn]] SPURION_API void rethrow_from_constructor(const std::string& kind,
                                                       const EntryInfo& info);
/// To be called while an exception of `T::schema()` is handled: throws a `PluginError` that names
/// the thing, or rethrows where it is a built-in.
[[noreturn]] SPURION_API void rethrow_from_schema(const std::string& kind, const EntryInfo& info);
}  // namespace detail

/// The known things of one noun, by name. No global registry exists: a `Catalog` owns one per noun.
///
/// A registered type T derives from `Noun` and has `T::Options` (a plain struct),
/// `static const Schema<Options>& T::schema()`, and a constructor `T(Options, Args...)`.
template <class Noun, class... Args>
class Registry {
 public:
  /// What is registered under a name.
  struct Entry {
    EntryInfo info;    ///< what people read of it
    AnySchema schema;  ///< its options
    /// Builds one from the normalised options of the K trials of a pack (often K = 1).
    std::function<std::unique_ptr<Noun>(const std::vector<Value>& options, Args... args)> make;
    const void* code = nullptr;  ///< an address inside the library or program that registered it
    /// A hash of the code of a thing that is in no library, such as a Python class. Not empty: it
    /// stands for the file of `code` in what is recorded of trials.
    std::string code_hash = {};
  };

  /// `kind`: what messages call an entry, "method".
  explicit Registry(std::string kind) : kind_(std::move(kind)) {}

  /// Registers T. Throws `UsageError` when the name is taken, naming both origins.
  template <class T>
  void add(const std::string& name, const std::string& summary, const std::string& reference,
           Control control = Control::none) {
    Entry entry;
    entry.info = {name, summary, reference, origin_, control};
    entry.code = reinterpret_cast<const void*>(&own_code<T>);
    insert(std::move(entry), schema_of<T>, made<T>);
  }

  /// Registers an entry that was put together by hand, of a thing that is no C++ type. Its origin
  /// is that of `set_origin`. Throws `UsageError` as `add` does, and if it has nothing that builds
  /// it.
  void add_entry(Entry entry) {
    entry.info.origin = origin_;
    check_new(entry.info.name);
    if (!entry.make || !entry.schema.normalise) {
      throw UsageError(kind_ + " '" + entry.info.name + "' has nothing that builds it");
    }
    const std::string name = entry.info.name;
    entries_.emplace(name, std::move(entry));
  }

  /// The entry of this name; throws `UsageError` with the nearest name and the list.
  [[nodiscard]] const Entry& at(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) throw UsageError(unknown_name_message(kind_, name, names()));
    return found->second;
  }
  /// Whether there is an entry of that name.
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.count(name) != 0; }
  /// All names, sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
  }
  /// What messages call an entry.
  [[nodiscard]] const std::string& kind() const { return kind_; }
  /// Whom the next `add` is attributed to.
  void set_origin(std::string origin) { origin_ = std::move(origin); }

 private:
  /// How a T is built.
  using Make = std::unique_ptr<Noun> (*)(const std::vector<Value>& options, const std::string& name,
                                         const Args&... args);

  template <class T>
  static AnySchema schema_of() {
    return AnySchema::of(T::schema());
  }
  template <class T>
  static std::unique_ptr<Noun> made(const std::vector<Value>& options, const std::string& name,
                                    const Args&... args) {
    return std::unique_ptr<Noun>(new T(T::schema().gather_tables(options, name), args...));
  }
  /// Throws `UsageError` where nothing may be registered under this name.
  void check_new(const std::string& name) const {
    check_registered_name(kind_, name);
    if (const auto found = entries_.find(name); found != entries_.end()) {
      throw UsageError(kind_ + " '" + name + "' is registered twice: by " +
                       found->second.info.origin + " and by " + origin_);
    }
  }
  /// All of `add` that does not depend on T: it is compiled once for each noun.
  void insert(Entry entry, AnySchema (*schema)(), Make make) {
    const std::string name = entry.info.name;
    check_new(name);
    try {
      entry.schema = schema();
    } catch (...) {
      detail::rethrow_from_schema(kind_, entry.info);
    }
    entry.make = [make, kind = kind_, info = entry.info](const std::vector<Value>& options,
                                                         Args... args) {
      try {
        return make(options, info.name, args...);
      } catch (...) {
        detail::rethrow_from_constructor(kind, info);
      }
    };
    entries_.emplace(name, std::move(entry));
  }

  /// Compiled wherever T is registered: its address tells which file that is.
  template <class T>
  static void own_code() {}

  std::string kind_;
  std::string origin_ = EntryInfo::kProgram;
  std::map<std::string, Entry> entries_;
};

}  // namespace spurion
