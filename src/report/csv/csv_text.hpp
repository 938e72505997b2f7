#pragma once

#include <string>
#include <vector>

namespace spurion::report {

// Pieces of CSV files: RFC 4180, "\n" line ends.

/// A text as a field: quoted where it must be, control characters as signs.
std::string csv_field(const std::string& text);
/// The digits that read back to the same number, whatever the locale; nothing for what is not
/// finite.
std::string csv_number(double value);
/// A whole line of texts.
std::string csv_record(const std::vector<std::string>& texts);

}  // namespace spurion::report
