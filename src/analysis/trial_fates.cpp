#include "spurion/analysis/trial_fates.hpp"

#include <fmt/format.h>

namespace spurion::analysis {

namespace {

/// Messages of libraries go on with a trace.
std::string first_line(const std::string& message) {
  constexpr std::size_t kLongest = 200;
  std::string line = message.substr(0, message.find('\n'));
  if (line.size() > kLongest) line = line.substr(0, kLongest) + " ...";
  while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

void TrialFates::add(const TrialResult& trial) {
  if (trial.status == Status::done) {
    ++done;
    return;
  }
  const bool first_failure = trial.status == Status::failed && failed == 0;
  ++(trial.status == Status::failed ? failed : diverged);
  if (!reason.empty() && !first_failure) return;
  reason = first_line(trial.message);
  const std::string twice = std::string(status_name(trial.status)) + ": ";
  if (reason.compare(0, twice.size(), twice) == 0) reason = reason.substr(twice.size());
}

void TrialFates::add(const TrialFates& others) {
  const bool first_failure = others.failed > 0 && failed == 0;
  done += others.done;
  diverged += others.diverged;
  failed += others.failed;
  if (reason.empty() || first_failure) reason = others.reason;
}

std::string TrialFates::text() const {
  std::string out;
  for (const auto& [count, what] : {std::pair(failed, "failed"), std::pair(diverged, "diverged")}) {
    if (count == 0) continue;
    out += out.empty() ? fmt::format("{} of {} trials {}", count, all(), what)
                       : fmt::format(", {} {}", count, what);
  }
  return out.empty() || reason.empty() ? out : fmt::format("{}: {}", out, reason);
}

std::string TrialFates::sentence(const std::string& name) const {
  const std::string what = text();
  if (what.empty()) return {};
  if (done == 0) return fmt::format("{}: {}. ", name, what);
  return fmt::format("{}: {}; its numbers come from the {} that {} done. ", name, what, done,
                     done == 1 ? "is" : "are");
}

}  // namespace spurion::analysis
