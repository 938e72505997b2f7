#include "spurion/error.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "core/edit_distance.hpp"
#include "core/nearest_names.hpp"

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

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  const std::size_t limit = core::nearest_limit(name);
  std::size_t best = limit + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = core::edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

namespace {

/// What else there is: all of it, or of many the nearest.
std::string others_text(const std::vector<std::string>& near,
                        const std::vector<std::string>& candidates) {
  // More than a person reads through. Files may have a million columns.
  constexpr std::size_t kMostListed = 30;
  if (candidates.empty()) return {};
  if (candidates.size() <= kMostListed) {
    return fmt::format(" (there are: {})", fmt::join(candidates, ", "));
  }
  if (!near.empty()) {
    return fmt::format(" (the nearest of {} names: {})", candidates.size(), fmt::join(near, ", "));
  }
  return fmt::format(" (there are: {} and {} more)",
                     fmt::join(candidates.begin(), candidates.begin() + kMostListed, ", "),
                     candidates.size() - kMostListed);
}

}  // namespace

std::string unknown_name_message(const std::string& kind, const std::string& name,
                                 const std::vector<std::string>& candidates) {
  constexpr std::size_t kMostNear = 5;
  const std::vector<std::string> near = core::nearest_names(name, candidates, kMostNear);
  std::string nearest = nearest_name(name, candidates);
  if (nearest.empty() && !near.empty()) nearest = near.front();
  std::string message = fmt::format("unknown {} '{}'", kind, name);
  if (!nearest.empty()) message += fmt::format("; did you mean '{}'?", nearest);
  return message + others_text(near, candidates);
}

namespace detail {

void check_failed(const char* file, int line, const char* expression, const std::string& detail) {
  throw LogicError(fmt::format(
      "{}:{}: check failed: {}{}{}; this is a bug in spurion or in a plug-in, please report it",
      file, line, expression, detail.empty() ? "" : ": ", detail));
}

}  // namespace detail
}  // namespace spurion
