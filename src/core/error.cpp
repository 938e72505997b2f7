#include "spurion/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace spurion {

void Problems::raise() const {
  if (list_.empty()) return;
  std::string message;
  for (const std::string& problem : list_) {
    if (!message.empty()) message += '\n';
    message += problem;
  }
  throw UsageError(message);
}

namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
    }
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 3);
  std::size_t best = limit + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string unknown_name_message(const std::string& kind, const std::string& name,
                                 const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(name, candidates);
  std::string message = fmt::format("unknown {} '{}'", kind, name);
  if (!nearest.empty()) message += fmt::format("; did you mean '{}'?", nearest);
  // Files may have a million columns.
  constexpr std::size_t kMostListed = 100;
  if (candidates.size() <= kMostListed) {
    return message + fmt::format(" (there are: {})", fmt::join(candidates, ", "));
  }
  return message +
         fmt::format(" (there are: {} and {} more)",
                     fmt::join(candidates.begin(), candidates.begin() + kMostListed, ", "),
                     candidates.size() - kMostListed);
}

namespace detail {

void check_failed(const char* file, int line, const char* expression, const std::string& detail) {
  throw LogicError(fmt::format(
      "{}:{}: check failed: {}{}{}; this is a bug in spurion or in a plug-in, please report it",
      file, line, expression, detail.empty() ? "" : ": ", detail));
}

}  // namespace detail
}  // namespace spurion
