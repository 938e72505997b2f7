#pragma once

#include <string>

#include "spurion/export.hpp"

namespace spurion::core {

/// Text that is safe to show: what a terminal would obey and a page must not hold is replaced by a
/// sign for it. Control characters (also those of two bytes) but tab and line feed become the
/// pictures of Unicode, as ␛ for escape; bytes that are no UTF-8 become U+FFFD.
SPURION_API std::string printable(const std::string& text);

}  // namespace spurion::core
