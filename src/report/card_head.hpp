#pragma once

#include <string>

#include "spurion/environment_facts.hpp"
#include "spurion/export.hpp"
#include "spurion/schema.hpp"

namespace spurion::report {

/// The line before and the line after the generated part of a card in datasets/.
inline constexpr const char* kCardBegin =
    "<!-- `spurion describe NAME --format card` writes this part. Change the source instead. -->";
inline constexpr const char* kCardEnd = "<!-- End of the generated part. -->";

/// The generated part of the card of an environment, in Markdown, between these two lines: title,
/// mechanism, graph, shift, options, presets and ceilings. Without a title, as where the default
/// options name no data: options and presets.
SPURION_API std::string card_head(const EnvironmentFacts& facts, const AnySchema& schema);

/// The generated part of a whole card; empty where it has none.
SPURION_API std::string generated_part(const std::string& card);

}  // namespace spurion::report
