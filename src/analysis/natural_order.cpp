#include "analysis/natural_order.hpp"

#include <charconv>
#include <cstddef>

namespace spurion::analysis {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A letter or a whole number of a name.
struct Token {
  char letter = '0';    ///< '0' of a number, so that numbers stand where digits do
  double number = 0.0;  ///< 0 of a letter
};

/// Whether a minus at `at` is that of a number: after a letter or digit it is a hyphen.
bool is_sign(std::string_view text, std::size_t at) {
  if (text[at] != '-' || at + 1 == text.size() || !is_digit(text[at + 1])) return false;
  if (at == 0) return true;
  const char before = text[at - 1];
  return before == ' ' || before == '[' || before == '(' || before == '=';
}

/// The token at `at`, which is moved behind it.
Token next_token(std::string_view text, std::size_t& at) {
  Token token;
  if (is_digit(text[at]) || is_sign(text, at)) {
    const char* begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), token.number);
    if (error == std::errc()) {
      at += static_cast<std::size_t>(end - begin);
      return token;
    }
  }
  token.letter = text[at++];
  return token;
}

}  // namespace

bool NaturalOrder::operator()(std::string_view a, std::string_view b) const {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const Token one = next_token(a, i);
    const Token other = next_token(b, j);
    if (one.letter != other.letter) {
      return static_cast<unsigned char>(one.letter) < static_cast<unsigned char>(other.letter);
    }
    if (one.number != other.number) return one.number < other.number;
  }
  if (i < a.size() || j < b.size()) return i == a.size();
  return a < b;
}

}  // namespace spurion::analysis
