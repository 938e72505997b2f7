#include "harness/store/recorded_rows.hpp"

#include "spurion/value.hpp"

namespace spurion {

std::vector<std::pair<std::string, std::vector<std::string>>> recorded_rows(
    const std::map<std::string, std::string>& context) {
  const std::string prefix = "environment.";
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  for (auto one = context.lower_bound(prefix);
       one != context.end() && one->first.compare(0, prefix.size(), prefix) == 0; ++one) {
    const Value facts = parse_json(one->second, one->first);
    const Value* lines = facts.is_table() ? facts.find("row_counts") : nullptr;
    if (lines == nullptr || !lines->is_list() || lines->as_list().empty()) continue;
    out.emplace_back(one->first.substr(prefix.size()), std::vector<std::string>());
    for (const Value& line : lines->as_list()) {
      if (line.is_string()) out.back().second.push_back(line.as_string());
    }
  }
  return out;
}

}  // namespace spurion
