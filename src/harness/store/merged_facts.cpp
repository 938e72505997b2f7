#include "harness/store/merged_facts.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "harness/store/stated_questions.hpp"

namespace spurion::harness {

namespace {

std::optional<double> number_of(const std::string& text) {
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

std::string later(const std::string& a, const std::string& b) {
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (x && y && *x != *y) return *x < *y ? b : a;
  return std::max(a, b);
}

}  // namespace

std::map<std::string, std::string> merged_facts(const std::vector<FactsOfStore>& stores) {
  std::map<std::string, std::string> facts;
  std::optional<std::map<std::string, std::string>> stated;
  for (const FactsOfStore& store : stores) {
    for (const auto& [key, value] : without_stated_questions(store.facts)) {
      const auto [known, added] = facts.emplace(key, value);
      if (!added) known->second = later(known->second, value);
    }
    if (!store.counts) continue;
    if (stated) {
      merge_stated_questions(store.facts, *stated);
    } else {
      stated = store.facts;
    }
  }
  if (stated) facts.merge(*stated);
  return facts;
}

}  // namespace spurion::harness
