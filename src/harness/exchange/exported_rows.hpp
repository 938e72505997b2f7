#pragma once

#include <memory>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Which rows of which environment: what an export says about itself, and what predictions are
/// scored on.
struct RowSet {
  struct Part {
    std::string domain;  ///< "train_0", "test", "test_background", "shift=0.3"
    RowRange rows;
  };
  Component environment;  ///< normalised
  /// Replicate and base seed: the rows are those that a trial of a suite with these seeds sees.
  std::int64_t seed = 0;
  std::int64_t base_seed = 0;
  Split split = Split::test;
  std::vector<Part> parts;

  [[nodiscard]] SPURION_API std::int64_t count() const;
  [[nodiscard]] SPURION_API Value to_value() const;
  /// Reads what `to_value` gave and normalises the options; `place` is how errors call it. Throws
  /// `DataError` when something is missing, `UsageError` for names that the catalog does not know.
  SPURION_API static RowSet from_value(const Value& value, const Catalog& catalog,
                                       const std::string& place);
};

/// Options checked, defaults filled in.
SPURION_API Component make_component(const Catalog& catalog, const std::string& environment,
                                     const Value& options);
SPURION_API Split parse_split(const std::string& name);

/// The rows themselves.
struct RowSetSample {
  std::vector<Domain> domains;  ///< of each part
  std::vector<Sample> factual;
  Intervention twin;          ///< what made the twins; `none` where the environment has none
  std::vector<Sample> twins;  ///< empty then
};

/// Throws `UsageError` where options make numbers that are not finite.
SPURION_API std::shared_ptr<const Environment> make_environment(
    const RowSet& set, const Catalog& catalog, const std::shared_ptr<const DataSources>& sources);
/// The domain of this name: a named one, or a shift, "shift=0.3". Throws `UsageError`
/// with the nearest.
SPURION_API Domain find_domain(const Environment& environment, const std::string& name);
SPURION_API RowSetSample sample_rows(const RowSet& set, const Environment& environment);
/// Memory, in bytes, that the rows of a set take on their way into a file, about: the samples, what
/// is joined of them and the file's content. Parts of more rows than there are do not count.
SPURION_API double memory_of_rows(const RowSet& set, const Environment& environment);
/// A hash of inputs and labels: tells whether an environment still makes the rows it made.
SPURION_API std::string fingerprint(const RowSetSample& rows);

}  // namespace spurion::harness
