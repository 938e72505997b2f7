#pragma once

#include <string>

#include "core/printable.hpp"

namespace spurion::report {

/// Text made safe inside HTML and SVG, in element content and in quoted attributes; control
/// characters, which neither may hold, are shown as signs.
inline std::string escape(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : core::printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace spurion::report
