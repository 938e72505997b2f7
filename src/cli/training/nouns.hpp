#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/training/description.hpp"
#include "spurion/catalog.hpp"

namespace spurion::cli {

/// What can be listed and described by name: registered things of a noun, suites, and tables that
/// are part of a suite.
struct Noun {
  std::string plural;          ///< `spurion list PLURAL`
  bool listed = true;          ///< else it is only described
  bool in_all = true;          ///< `spurion list` without a kind shows it
  bool fallback = false;       ///< described only where no other noun has the name
  bool takes_options = false;  ///< `spurion describe NAME option=value`
  std::function<std::vector<std::string>(const Catalog&)> names;
  /// An object with name, summary and, of registered things, reference and origin.
  std::function<Json(const Catalog&, const std::string& name)> entry;
  std::function<Json(const Catalog&, const std::string& name,
                     const std::vector<std::string>& pairs)>
      describe;
  /// Whether `name` is one of it: a name, or what else can be described, such as a file.
  [[nodiscard]] bool has(const Catalog& catalog, const std::string& name) const;
  std::function<bool(const std::string& name)> also = {};  ///< empty: nothing but its names
};

/// All of them, in the order in which `spurion list` shows them. A new one is added here.
const std::vector<Noun>& nouns();

}  // namespace spurion::cli
