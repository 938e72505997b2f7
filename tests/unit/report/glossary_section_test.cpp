// A reader finds what every word of a table means on the same page.
#include "report/glossary_section.hpp"

#include <regex>
#include <set>

#include "catch.hpp"
#include "spurion/report.hpp"
#include "unit/report/made_up_store.hpp"

using namespace spurion;
using namespace spurion::tests::made_up;

namespace {

std::set<std::string> all_matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

}  // namespace

TEST_CASE("every link to the glossary of a page has an entry there") {
  const tests::TemporaryFolder folder;
  const std::string html = read(write_report(made_up_store(folder, kSuite)).html);
  const auto links = all_matches(html, "href=\"#(term-[a-z0-9-]+)\"");
  const auto entries = all_matches(html, "<dt id=\"(term-[a-z0-9-]+)\"");
  CHECK(links.size() > 20);
  for (const std::string& link : links) {
    INFO(link);
    CHECK(entries.count(link) == 1);
  }
  // What a reader meets first: the gap in the head, a verdict as a link.
  CHECK(html.find("The <b>gap</b> is the score in distribution") < html.find("id=\"answers\""));
  CHECK(html.find(">closes</a></td>") != std::string::npos);
}

TEST_CASE("the dictionary of the files says what the glossary says") {
  const tests::TemporaryFolder folder;
  write_report(made_up_store(folder, kSuite));
  const std::string dictionary = read(folder.path() / "csv" / "dictionary.csv");
  const auto* term = analysis::find_term("gap at largest");
  REQUIRE(term != nullptr);
  CHECK(dictionary.find(std::string("gap_at_largest,") + std::string(term->meaning)) !=
        std::string::npos);
  CHECK(dictionary.find("gap_at_largest_low,lower end of the interval of gap_at_largest") !=
        std::string::npos);
}
