#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/value.hpp"

/// \file
/// Checks that every registered environment, model, method, regime, metric, probe, kind of
/// question, selector and image source must pass, built-in or from a plug-in: what `spurion
/// selftest` runs. Deterministic: no draw depends on time. They are in a library of their own,
/// `spurion::conformance`.

namespace spurion {

/// How a check ended.
enum class Outcome { passed, failed, skipped };

/// What one check of one thing found.
struct ConformanceResult {
  std::string noun;     ///< "environment", "model" ... as `Registry::kind` says
  std::string name;     ///< as registered
  std::string variant;  ///< the options that were not defaults, "source=glyphs"; empty for none
  std::string check;    ///< "twins share noise"
  Outcome outcome = Outcome::passed;  ///< how it ended
  std::string message;                ///< what went wrong, or why it was skipped
};

/// Something to check: a registered thing with some of its options changed.
struct ConformanceSubject {
  std::string noun;  ///< "environment", "model" ... as `Registry::kind` says
  std::string name;  ///< as it is registered
  Value options;     ///< overrides of the defaults
  /// "source=glyphs, resolution=28"; empty for the defaults.
  [[nodiscard]] SPURION_API std::string variant() const;
};

/// Everything in the catalog, with its defaults and with each allowed word and each switch tried in
/// turn. `names` picks things by name; empty means all. Throws `UsageError` for an unknown name.
SPURION_API std::vector<ConformanceSubject> conformance_subjects(
    const Catalog& catalog, const std::vector<std::string>& names = {});

/// Checks one subject. `sources` (null: the default data directory) gives environments their
/// images; one whose data are not installed is skipped.
SPURION_API std::vector<ConformanceResult> check_conformance(
    const Catalog& catalog, const ConformanceSubject& subject,
    const std::shared_ptr<const DataSources>& sources = nullptr);

/// The same, noun by noun; `options` are overrides of the defaults.
SPURION_API std::vector<ConformanceResult> check_environment(
    const Catalog& catalog, const std::string& name, const Value& options = {},
    const std::shared_ptr<const DataSources>& sources = nullptr);
/// Checks a model with these options.
SPURION_API std::vector<ConformanceResult> check_model(const Catalog& catalog,
                                                       const std::string& name,
                                                       const Value& options = {});
/// Checks a method with these options.
SPURION_API std::vector<ConformanceResult> check_method(const Catalog& catalog,
                                                        const std::string& name,
                                                        const Value& options = {});
/// Checks a regime with these options.
SPURION_API std::vector<ConformanceResult> check_regime(const Catalog& catalog,
                                                        const std::string& name,
                                                        const Value& options = {});
/// Checks a metric with these options.
SPURION_API std::vector<ConformanceResult> check_metric(const Catalog& catalog,
                                                        const std::string& name,
                                                        const Value& options = {});

/// Checks a probe with these options: on models whose reliance on a cue is planted.
SPURION_API std::vector<ConformanceResult> check_probe(const Catalog& catalog,
                                                       const std::string& name,
                                                       const Value& options = {});

/// Of a kind of question: it answers made-up results. Fields that must be given have made-up values
/// where `options` gives none; where these do not fit it, it is skipped.
SPURION_API std::vector<ConformanceResult> check_question(const Catalog& catalog,
                                                          const std::string& name,
                                                          const Value& options = {});
/// Of a selector: its scores are numbers, the same for the same trial, and none where nothing was
/// measured.
SPURION_API std::vector<ConformanceResult> check_selector(const Catalog& catalog,
                                                          const std::string& name,
                                                          const Value& options = {});
/// `sources` (null: the default data directory) say where the images are; a source that is not
/// installed is checked without them.
SPURION_API std::vector<ConformanceResult> check_image_source(
    const Catalog& catalog, const std::string& name, const Value& options = {},
    const std::shared_ptr<const DataSources>& sources = nullptr);

/// Checks all subjects with these names; `progress` (may be empty) hears of each result at once.
SPURION_API std::vector<ConformanceResult> check_all(
    const Catalog& catalog, const std::vector<std::string>& names,
    const std::function<void(const ConformanceResult&)>& progress);

}  // namespace spurion
