#pragma once

#include <exception>
#include <string>

#include "spurion/error.hpp"
#include "spurion/registry.hpp"

/// \file
/// What is said of code that throws: one line, with the thing it belongs to.

namespace spurion::core {

/// What an exception says, in one printable line of at most 400 bytes: its first, without
/// LibTorch's stack trace.
SPURION_API std::string one_line(const std::exception_ptr& failure);
/// The same of a text.
SPURION_API std::string one_line(const std::string& text);
/// The text of an exception without the stack trace that LibTorch appends to it.
SPURION_API std::string without_trace(const std::string& text);

/// A registered thing, as a failure names it.
struct Part {
  std::string kind;  ///< "method"
  std::string name;  ///< as registered
  bool builtin = false;

  /// "method 'erm'"
  [[nodiscard]] SPURION_API std::string text() const;
};

/// The thing of this name in a registry of the catalog.
template <class R>
Part part_of(const R& registry, const std::string& name) {
  return {registry.kind(), name, registry.at(name).info.builtin()};
}

/// A thing threw, or handed over what its interface does not allow: "method 'mine': the loss ...".
class SPURION_API PartFailure : public PluginError {
 public:
  PartFailure(Part part, std::exception_ptr cause);
  [[nodiscard]] const Part& part() const { return part_; }
  /// What was thrown.
  [[nodiscard]] const std::exception_ptr& cause() const { return cause_; }

 private:
  Part part_;
  std::exception_ptr cause_;
};

/// To be called while an exception is handled: throws a `PartFailure` in its place. Interruptions
/// of a regime, and failures that name a part already, go on as they are.
[[noreturn]] SPURION_API void blame(const Part& part);

/// Calls code of a part; what it throws is attributed to the part.
template <class Body>
decltype(auto) blamed(const Part& part, const Body& body) {
  try {
    return body();
  } catch (...) {
    blame(part);
  }
}

}  // namespace spurion::core
