#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"

/// \file
/// What `spurion list` and `spurion describe` say about stored numbers, terms, image sources and
/// the sections of a suite that have no name.

namespace spurion::cli {

using Json = nlohmann::ordered_json;

/// A column that is stored, as an object.
Json column_facts(const MetricInfo& column);
/// Every number that a store can hold and something is known about: spurion's own, then the columns
/// of registered metrics.
std::vector<MetricInfo> known_columns(const Catalog& catalog);
Json describe_column(const Catalog& catalog, const std::string& name);
/// A table of the columns that a metric writes.
std::string columns_text(const Json& columns, int width);
/// What is known about one column.
std::string column_text(const Json& description, int width);

/// An entry of the glossary.
Json describe_term(const std::string& name);
std::string term_text(const Json& description, int width);

/// Adds to `out` what an image source holds and whether it is installed.
void add_source_facts(const Catalog& catalog, const std::string& name, Json& out);
std::string source_text(const Json& description, int width);

/// "optimizer", "training", "evaluation".
std::vector<std::string> plain_sections();
Json describe_section(const std::string& name);

}  // namespace spurion::cli
