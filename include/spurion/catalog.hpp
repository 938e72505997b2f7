#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/image_source.hpp"
#include "spurion/method.hpp"
#include "spurion/metric.hpp"
#include "spurion/model.hpp"
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
  QuestionKinds questions;                                                ///< by name

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
  /// `where`: what a refusal calls it.
  void add_from(const Plugin& plugin, const std::string& where);

  std::vector<std::string> plugins_;
};

/// Adds every built-in environment, model, method, regime, metric and kind of question.
SPURION_API void add_builtins(Catalog& catalog);
/// A catalog with the built-ins.
SPURION_API Catalog builtin_catalog();

}  // namespace spurion
