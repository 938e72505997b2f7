#include "core/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace spurion::core {

namespace {

constexpr std::size_t kMostBytes = 400;

/// How many bytes the character at `text[at]` has in UTF-8; 0 when it is none.
std::size_t character_size(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t size = first < 0x80                      ? 1
                           : first >= 0xC2 && first < 0xE0   ? 2
                           : first >= 0xE0 && first < 0xF0   ? 3
                           : first >= 0xF0 && first <= 0xF4u ? 4
                                                             : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return 0;
  }
  return size;
}

std::string words_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return without_trace(error.what());
  } catch (...) {
    return "it threw something that is not a std::exception";
  }
}

}  // namespace

std::string without_trace(const std::string& text) {
  const std::string trace = "Exception raised from ";
  if (text.rfind(trace, 0) == 0) return {};
  return text.substr(0, text.find('\n' + trace));
}

std::string one_line(const std::string& text) {
  std::size_t at = text.find_first_not_of(" \t\r\n");
  std::string line;
  while (at < text.size() && text[at] != '\n' && text[at] != '\r') {
    const std::size_t size = character_size(text, at);
    if (line.size() + size > kMostBytes) return line + " ...";
    const auto first = static_cast<unsigned char>(text[at]);
    if (size == 0) {
      line += '?';
    } else if (first < 0x20 || first == 0x7F ||
               (first == 0xC2 && size == 2 && static_cast<unsigned char>(text[at + 1]) < 0xA0)) {
      line += ' ';  // control characters
    } else {
      line.append(text, at, size);
    }
    at += std::max<std::size_t>(size, 1);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line.empty() ? "it threw an exception without a text" : line;
}

std::string one_line(const std::exception_ptr& failure) { return one_line(words_of(failure)); }

std::string Part::text() const { return fmt::format("{} '{}'", kind, name); }

PartFailure::PartFailure(Part part, std::exception_ptr cause)
    : PluginError(fmt::format("{}: {}", part.text(), one_line(cause))),
      part_(std::move(part)),
      cause_(std::move(cause)) {}

void blame(const Part& part) {
  try {
    throw;
  } catch (const Interrupted&) {
    // Regimes are told to stop while they run; nothing else is.
    if (part.kind == "regime") throw;
    throw PartFailure(part, std::current_exception());
  } catch (const PartFailure&) {
    throw;
  } catch (...) {
    throw PartFailure(part, std::current_exception());
  }
}

}  // namespace spurion::core

namespace spurion {

namespace detail {

void rethrow_from_constructor(const std::string& kind, const EntryInfo& info) {
  if (info.builtin()) throw;
  try {
    throw;
  } catch (const UsageError&) {
    throw;
  } catch (const DataError&) {
    throw;
  } catch (...) {
    core::blame({kind, info.name, false});
  }
}

void rethrow_from_schema(const std::string& kind, const EntryInfo& info) {
  if (info.builtin()) throw;
  core::blame({kind, info.name, false});
}

}  // namespace detail

}  // namespace spurion
