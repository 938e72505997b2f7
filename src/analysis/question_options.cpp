// How the kinds of questions read their keys.
#include <fmt/format.h>

#include <cmath>

#include "analysis/questions.hpp"
#include "core/place_of.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

std::string text_option(const AskedQuestion& question, const char* key,
                        const std::string& fallback) {
  const Value* value = question.options.find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    throw UsageError(fmt::format("{}'{}' of a question expects a string, got {}", place_of(*value),
                                 key, value->type_name()));
  }
  return value->as_string();
}

std::vector<std::string> texts_option(const AskedQuestion& question, const char* key) {
  const Value* value = question.options.find(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  const auto wrong = [&](const Value& given) {
    throw UsageError(fmt::format("{}'{}' of a question expects a list of strings, got {}",
                                 place_of(given), key, given.type_name()));
  };
  if (!value->is_list()) wrong(*value);
  for (const Value& item : value->as_list()) {
    if (!item.is_string()) wrong(item);
    texts.push_back(item.as_string());
  }
  return texts;
}

double margin_option(const AskedQuestion& question, double fallback) {
  const double margin = number_option(question, "margin", fallback);
  if (!std::isfinite(margin) || margin < 0.0) {
    throw UsageError(fmt::format("{}'margin' of a question must be a number >= 0, got {}",
                                 place_of(*question.options.find("margin")), margin));
  }
  return margin;
}

std::int64_t phase_option(const AskedQuestion& question) {
  const double phase = number_option(question, "phase", -1.0);
  if (phase != std::floor(phase) || phase < -1.0 || phase > 1e9) {
    throw UsageError(fmt::format(
        "{}'phase' of a question must be the number of a phase, or -1 for the last, got {}",
        place_of(*question.options.find("phase")), phase));
  }
  return static_cast<std::int64_t>(phase);
}

std::string needed_axis(const AskedQuestion& question) {
  const std::string axis = text_option(question, "axis", "");
  if (axis.find('.') == std::string::npos) {
    throw UsageError(fmt::format("{}a question of kind '{}' needs axis = \"section.field\"{}",
                                 place_of(question.options), question.kind,
                                 axis.empty() ? "" : fmt::format(", got \"{}\"", axis)));
  }
  return axis;
}

double number_option(const AskedQuestion& question, const char* key, double fallback) {
  const Value* value = question.options.find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) {
    throw UsageError(fmt::format("{}'{}' of a question expects a number, got {}", place_of(*value),
                                 key, value->type_name()));
  }
  return value->as_number();
}

std::set<std::string> experiments_of(const AskedQuestion& question) {
  std::set<std::string> names = {question.experiment};
  for (const std::string& name : texts_option(question, "experiments")) names.insert(name);
  return names;
}

}  // namespace spurion::analysis
