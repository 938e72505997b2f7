#include "analysis/method_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "harness/suite/method_access.hpp"

namespace spurion::analysis {

Cell access_of(const StoredResults& results, const ResultsView& view,
               const ResultsView::Line& line) {
  std::set<std::string> texts;
  const Component* last = nullptr;  // neighbours often share its options in memory
  const void* last_options = nullptr;
  for (const ResultsView::Row& row : view.rows(line)) {
    const Component& method = row.trial->spec.method;
    const void* options = method.options.is_table() ? &method.options.as_table() : nullptr;
    if (last != nullptr && last->name == method.name && options == last_options) continue;
    last = &method;
    last_options = options;
    auto found = results.context.find(harness::method_access_key(method));
    if (found == results.context.end()) found = results.context.find("access." + method.name);
    if (found != results.context.end()) texts.insert(found->second);
  }
  return texts.empty() ? Cell() : fmt::format("{}", fmt::join(texts, " or "));
}

const ResultsView::Line* baseline_of(const std::vector<ResultsView::Line>& lines,
                                     const ResultsView::Line& line, const std::string& baseline) {
  const ResultsView::Line* variant = nullptr;
  for (const ResultsView::Line& other : lines) {
    if (other.regime != line.regime || other.environment != line.environment) continue;
    if (other.method == baseline) return &other;
    if (variant == nullptr && other.method.rfind(baseline + " (", 0) == 0) variant = &other;
  }
  return variant;
}

const char* learned_text(Learned learned) {
  switch (learned) {
    case Learned::yes:
      return "yes";
    case Learned::no:
      return "no";
    case Learned::unsure:
      return "not shown";
    case Learned::unknown:
      break;
  }
  return "-";
}

}  // namespace spurion::analysis
