#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "spurion/export.hpp"
#include "spurion/suite.hpp"

/// \file
/// When a question was first asked: a store remembers how many trials of its experiment it held
/// then. A hypothesis that was stated afterwards may have been chosen by its results.

namespace spurion::harness {

/// The first run whose suite asks a question with all its keys as they are.
struct StatedQuestion {
  std::string date;       ///< of that run, "2026-11-30", in UTC
  std::string suite;      ///< hash of the text of its suite, 32 hex digits
  std::int64_t made = 0;  ///< trials of the question's experiment that the store held then
};

/// What the facts of a store say of a question; nothing where they do not know it.
SPURION_API std::optional<StatedQuestion> stated_question(
    const std::map<std::string, std::string>& facts, const AskedQuestion& asked);

/// Adds to the facts of a run what is known of the questions of its suite: what the store `held`
/// says, or else that they are stated now. `made`: how many trials of an experiment the store
/// holds; called only for new questions.
SPURION_API void state_questions(const Suite& suite, const std::map<std::string, std::string>& held,
                                 const std::function<std::int64_t(const std::string&)>& made,
                                 std::map<std::string, std::string>& facts);

/// Makes the facts of several stores of one suite, such as shards, those of all: trials add up, and
/// the latest date counts. What one of them does not know is not known of all.
SPURION_API void merge_stated_questions(const std::map<std::string, std::string>& more,
                                        std::map<std::string, std::string>& facts);

/// Facts without those of questions.
SPURION_API std::map<std::string, std::string> without_stated_questions(
    std::map<std::string, std::string> facts);

}  // namespace spurion::harness
