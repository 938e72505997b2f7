#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::catalog {

/// Numbers for equal sections: trials of a grid share their sections, so that what depends on a
/// section is worked out once, not once for each trial.
class SectionNumbers {
 public:
  /// The number of a section with this name (empty for plain options): the same for equal ones.
  std::int64_t of(const std::string& name, const Value& options);
  /// The same of a section with a schema, whatever its options that may differ between replicas.
  std::int64_t of_shared(const std::string& name, const Value& options, const AnySchema& schema);

 private:
  struct Known {
    std::string name;
    Value options;  ///< holds on to the part whose place in memory is the key
    std::int64_t number = 0;
  };
  using Places = std::unordered_map<const void*, Known>;

  template <class Text>
  std::int64_t number(Places& places, const std::string& name, const Value& options,
                      const Text& text);

  Places whole_;
  Places shared_;
  std::unordered_map<std::string, std::int64_t> texts_;
};

/// What trials must agree on to be replicas of one pack, as numbers.
class ShapeNumbers {
 public:
  explicit ShapeNumbers(const Catalog& catalog);
  using Key = std::array<std::int64_t, 7>;
  Key of(const TrialSpec& trial);

 private:
  const Catalog& catalog_;
  AnySchema optimizer_;
  SectionNumbers numbers_;
};

}  // namespace spurion::catalog
