#include "harness/store/stated_questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "core/blake2b.hpp"

namespace spurion::harness {

namespace {

using Facts = std::map<std::string, std::string>;

/// How these facts are named: "stated." and the hash of the question.
constexpr const char* kStated = "stated.";

std::string hash_of(const std::string& text) {
  core::Blake2b hash;
  hash.update(text.data(), text.size());
  return core::hex(hash.finish());
}

std::string key_of(const AskedQuestion& asked) {
  return kStated + hash_of(asked.options.canonical_json());
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string text_of(const StatedQuestion& one) {
  return fmt::format("{} {} {}", one.date, one.suite, one.made);
}

std::optional<StatedQuestion> read_stated(const std::string& text) {
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  StatedQuestion one{text.substr(0, first), text.substr(first + 1, second - first - 1)};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + second + 1, end, one.made);
  return error == std::errc() && rest == end ? std::optional(one) : std::nullopt;
}

std::optional<StatedQuestion> known(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? std::nullopt : read_stated(found->second);
}

bool is_stated(const std::string& key) { return key.rfind(kStated, 0) == 0; }

}  // namespace

std::optional<StatedQuestion> stated_question(const Facts& facts, const AskedQuestion& asked) {
  return asked.options.is_table() ? known(facts, key_of(asked)) : std::nullopt;
}

void state_questions(const Suite& suite, const Facts& held,
                     const std::function<std::int64_t(const std::string&)>& made, Facts& facts) {
  // A question that is taken out of the suite and put back later is not stated anew.
  for (const auto& [key, text] : held) {
    if (is_stated(key) && read_stated(text)) facts[key] = text;
  }
  std::string hash;
  for (const AskedQuestion& asked : suite.questions) {
    if (!asked.options.is_table() || stated_question(facts, asked)) continue;
    if (hash.empty()) hash = hash_of(suite.stored_text());
    facts[key_of(asked)] = text_of({today(), hash, made(asked.experiment)});
  }
}

void merge_stated_questions(const Facts& more, Facts& facts) {
  std::vector<std::string> keys;
  for (const auto& [key, text] : facts) {
    if (is_stated(key)) keys.push_back(key);
  }
  for (const std::string& key : keys) {
    const auto one = known(facts, key);
    const auto other = known(more, key);
    if (one && other) {
      facts[key] = text_of({std::max(one->date, other->date), one->suite, one->made + other->made});
    } else {
      facts.erase(key);
    }
  }
}

Facts without_stated_questions(Facts facts) {
  for (auto one = facts.begin(); one != facts.end();) {
    one = is_stated(one->first) ? facts.erase(one) : std::next(one);
  }
  return facts;
}

}  // namespace spurion::harness
