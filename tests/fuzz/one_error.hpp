#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "spurion/error.hpp"

namespace spurion::fuzz {

/// What every reader promises: it reads, or throws one `Refusal` of one line that names the file.
/// Anything else ends the process, which is a finding.
template <class Refusal = DataError, class Read>
void reads_or_says_why(const std::string& name, Read read) {
  try {
    read();
  } catch (const Refusal& error) {
    const std::string text = error.what();
    if (text.find(name) == std::string::npos || text.find('\n') != std::string::npos) std::abort();
  }
}

/// The same of a reader that lists all problems, each on a line that names the file.
template <class Refusal, class Read>
void reads_or_lists_problems(const std::string& name, Read read) {
  try {
    read();
  } catch (const Refusal& error) {
    const std::string text = error.what();
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      if (text.substr(at, end - at).find(name) == std::string::npos) std::abort();
      at = end + 1;
    }
  }
}

}  // namespace spurion::fuzz
