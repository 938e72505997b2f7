#include "core/printable.hpp"

#include <string>

#include "catch.hpp"

using spurion::core::printable;

TEST_CASE("control characters are shown as signs, other text as it is") {
  CHECK(printable("plain, grün, 日本, 😀\n\tok") == "plain, grün, 日本, 😀\n\tok");
  CHECK(printable(std::string("a\0b", 3)) == "a␀b");
  CHECK(printable("\x1b[2J\r\x7f") == "␛[2J␍␡");
  CHECK(printable("a\xC2\x9B"
                  "31m") ==
        "a\xEF\xBF\xBD"
        "31m");  // the one-character escape sequence
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(printable("\x9b") == bad);
  CHECK(printable("\xC0\xAF") == bad + bad);            // longer than need be
  CHECK(printable("\xED\xA0\x80") == bad + bad + bad);  // half of a pair
  CHECK(printable("\xF4\x90\x80\x80") == bad + bad + bad + bad);
  CHECK(printable("x\xE2\x82") == "x" + bad + bad);  // cut short
}
