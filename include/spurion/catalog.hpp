#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/image_source.hpp"
#include "spurion/method.hpp"
#include "spurion/metric.hpp"
#include "spurion/model.hpp"
#include "spurion/probe.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/regime.hpp"
#include "spurion/registry.hpp"

namespace spurion {

/// What an environment is built from besides its options.
struct EnvironmentContext {
  std::uint64_t data_seed = 0;                 ///< all rows depend on it
  std::shared_ptr<const DataSources> sources;  ///< images
};

/// A plug-in: its name, version, and what adds its things.
struct Plugin;

/// Everything that can be named in a suite: one registry per noun. A value: build as many as you
/// like.
struct SPURION_API Catalog {
  Registry<Environment, EnvironmentContext> environments{"environment"};  ///< by name
  Registry<Model, ModelContext> models{"model"};                          ///< by name
  Registry<Method, MethodContext> methods{"method"};                      ///< by name
  Registry<Regime> regimes{"regime"};                                     ///< by name
  Registry<Metric, MetricContext> metrics{"metric"};                      ///< by name
  Registry<Probe, ProbeContext> probes{"probe"};                          ///< by name
  QuestionKinds questions;     ///< by name, and the selectors that they can use
  ImageSources image_sources;  ///< by name

  /// Calls `f` with each registry, in the order in which lists show them.
  template <class F>
  void each(const F& f) const {
    each_of(*this, f);
  }
  /// The same, with registries that can be changed.
  template <class F>
  void each(const F& f) {
    each_of(*this, f);
  }
  /// What `f` returns for the registry of a noun, such as "method". `f` returns the same type for
  /// every registry. Throws `UsageError` for an unknown noun.
  template <class F>
  auto visit(const std::string& noun, const F& f) const {
    std::optional<decltype(f(environments))> result;
    std::vector<std::string> nouns;
    each([&](const auto& registry) {
      nouns.push_back(registry.kind());
      if (registry.kind() == noun) result.emplace(f(registry));
    });
    if (!result) throw UsageError(unknown_name_message("noun", noun, nouns));
    return *std::move(result);
  }
  /// The schema of a registered thing. An option that names an image source allows those of this
  /// catalog. Throws `UsageError` for an unknown noun or name.
  [[nodiscard]] AnySchema schema(const std::string& noun, const std::string& name) const;
  /// Every column that the registered metrics can write, by metric; `MetricInfo::writer` says
  /// which.
  [[nodiscard]] std::vector<MetricInfo> metric_columns() const;

  /// Adds what a linked plug-in offers, or nothing: throws `PluginError` where its registration
  /// throws.
  void add(const Plugin& plugin);
  /// Opens a shared library made by `spurion_add_plugin` and adds what it offers. Throws
  /// `PluginError` when it is no plug-in, was built for another API version or build, or its
  /// registration throws.
  void load_plugin(const std::filesystem::path& file);
  /// "my_lab 1.2 (path)" for each plug-in added.
  [[nodiscard]] const std::vector<std::string>& plugins() const { return plugins_; }

 private:
  template <class Self, class F>
  static void each_of(Self& self, const F& f) {
    f(self.environments);
    f(self.models);
    f(self.methods);
    f(self.regimes);
    f(self.metrics);
    f(self.probes);
    f(self.questions);
    f(self.questions.selectors);
    f(self.image_sources);
  }
  /// `where`: what a refusal calls it.
  void add_from(const Plugin& plugin, const std::string& where);

  std::vector<std::string> plugins_;
};

/// The columns that a registered metric can write. Throws `UsageError` for an unknown name, and
/// what the metric throws.
SPURION_API std::vector<MetricInfo> columns_of(const Catalog& catalog, const std::string& metric);

/// A probe as a suite writes it: `{ name = "input_gradient", ... }`, where `as`, a label, says
/// nothing of the probe. Throws `UsageError` for an unknown name or wrong options.
SPURION_API std::unique_ptr<Probe> probe_of(const Catalog& catalog, const Value& written,
                                            const ProbeContext& context);

/// Adds every built-in environment, model, method, regime, metric, probe, kind of question,
/// selector and image source.
SPURION_API void add_builtins(Catalog& catalog);
/// A catalog with the built-ins.
SPURION_API Catalog builtin_catalog();

}  // namespace spurion
