#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "spurion/conformance.hpp"
#include "spurion/error.hpp"

namespace spurion::conformance {

/// Ends a check: this is what went wrong.
[[noreturn]] void fail(const std::string& message);
/// Ends a check that has no meaning here.
[[noreturn]] void skip(const std::string& reason);
/// Fails with `message` unless `condition` holds.
inline void require(bool condition, const std::string& message) {
  if (!condition) fail(message);
}

/// Runs the checks of one subject and keeps what they found.
class Checker {
 public:
  explicit Checker(const ConformanceSubject& subject)
      : noun_(subject.noun), name_(subject.name), variant_(subject.variant()) {}

  /// Runs `body`. Whatever it throws but `skip` is a failure, and the next check runs all the same.
  /// True when it passed.
  bool check(const std::string& name, const std::function<void()>& body);
  [[nodiscard]] std::vector<ConformanceResult> take() { return std::move(results_); }

 private:
  std::string noun_;
  std::string name_;
  std::string variant_;
  std::vector<ConformanceResult> results_;
};

/// Fails unless `body` throws a `UsageError`; what it returns does not matter.
template <class Body>
void require_refused(const std::string& what, const Body& body) {
  try {
    static_cast<void>(body());
  } catch (const UsageError&) {
    return;
  }
  fail(what + " was accepted; it must throw a UsageError");
}

/// While it lives, LibTorch's own operations use one thread, as they do in a trial.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int previous_;
};

}  // namespace spurion::conformance
