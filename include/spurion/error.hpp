#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// What the library throws. Bad input always ends in one of these; the command line turns the class
/// into an exit code (`exit_code`). Nothing in the library calls `exit` or writes to a terminal.

namespace spurion {

/// Exit codes of the command line, documented in README.
enum class ExitCode : int {
  success = 0,
  self_test = 1,     ///< a conformance test failed, or a number differs from a published one
  usage = 2,         ///< bad suite, unknown name, option out of range, method refused by a regime
  data = 3,          ///< image data missing or corrupt, unreadable file
  plugin = 4,        ///< plug-in cannot be loaded
  diverged = 5,      ///< only with --strict: some trial diverged or failed
  store = 6,         ///< output not writable, store damaged or in use, or the machine gave out
  internal = 70,     ///< a promise inside the library was broken: please report
  interrupted = 130  ///< stopped by Ctrl-C; the same command resumes
};

/// Base of everything thrown on purpose.
class SPURION_API Error : public std::runtime_error {
 public:
  /// An error with its message and exit code.
  Error(const std::string& message, ExitCode code) : std::runtime_error(message), code_(code) {}
  /// What the command line exits with.
  [[nodiscard]] ExitCode exit_code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The caller asked for something that does not exist or is out of range.
class SPURION_API UsageError : public Error {
 public:
  /// With its message.
  explicit UsageError(const std::string& message) : Error(message, ExitCode::usage) {}
};

/// A data file is missing, truncated or not what it claims to be.
class SPURION_API DataError : public Error {
 public:
  /// With its message.
  explicit DataError(const std::string& message) : Error(message, ExitCode::data) {}
};

/// A plug-in could not be loaded, does not match this library, or hands over what its interface
/// does not allow. In a run the last fails the trials that use it and no others.
class SPURION_API PluginError : public Error {
 public:
  /// With its message.
  explicit PluginError(const std::string& message) : Error(message, ExitCode::plugin) {}
};

/// The output folder or the store cannot be used.
class SPURION_API StoreError : public Error {
 public:
  /// With its message.
  explicit StoreError(const std::string& message) : Error(message, ExitCode::store) {}
};

/// The machine has too little memory, or too few threads or open files, for what was asked. What
/// had finished is stored.
class SPURION_API ResourceError : public Error {
 public:
  /// With its message.
  explicit ResourceError(const std::string& message) : Error(message, ExitCode::store) {}
};

/// The user stopped the run; what had finished is stored.
class SPURION_API Interrupted : public Error {
 public:
  /// With its message.
  explicit Interrupted(const std::string& message) : Error(message, ExitCode::interrupted) {}
};

/// A broken promise inside the library.
class SPURION_API LogicError : public Error {
 public:
  /// With its message.
  explicit LogicError(const std::string& message) : Error(message, ExitCode::internal) {}
};

/// Collects every problem of one input so that the user sees them all at once.
class SPURION_API Problems {
 public:
  /// Adds a problem.
  void add(std::string problem) { list_.push_back(std::move(problem)); }
  /// Whether there is none so far.
  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// All problems, in the order they were added.
  [[nodiscard]] const std::vector<std::string>& list() const { return list_; }
  /// Throws a `UsageError` that lists all problems, one a line, if there are any.
  void raise() const;

 private:
  std::vector<std::string> list_;
};

/// The entry of `candidates` nearest to `name` (edit distance at most a third of its length, at
/// least 2), or an empty string when nothing is near.
SPURION_API std::string nearest_name(const std::string& name,
                                     const std::vector<std::string>& candidates);

/// "unknown method 'irmv1'; did you mean 'irm_v1'? (there are: ...)"
SPURION_API std::string unknown_name_message(const std::string& kind, const std::string& name,
                                             const std::vector<std::string>& candidates);

namespace detail {
[[noreturn]] SPURION_API void check_failed(const char* file, int line, const char* expression,
                                           const std::string& detail);
}  // namespace detail

}  // namespace spurion

/// Internal promises; always on. `detail` is any expression convertible to `std::string`.
#define SPURION_CHECK(condition, detail_text)                                         \
  do {                                                                                \
    if (!(condition)) {                                                               \
      ::spurion::detail::check_failed(__FILE__, __LINE__, #condition, (detail_text)); \
    }                                                                                 \
  } while (false)
