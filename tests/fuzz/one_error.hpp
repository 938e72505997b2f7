#pragma once

#include <cstdlib>
#include <string>

#include "spurion/error.hpp"

namespace spurion::fuzz {

/// What every reader promises: it reads, or throws one `DataError` of one line that names the file.
/// Anything else ends the process, which is a finding.
template <class Read>
void reads_or_says_why(const std::string& name, Read read) {
  try {
    read();
  } catch (const DataError& error) {
    const std::string text = error.what();
    if (text.find(name) == std::string::npos || text.find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace spurion::fuzz
