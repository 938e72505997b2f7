#include "harness/store/recorded_rows.hpp"

#include "spurion/environment_facts.hpp"
#include "spurion/value.hpp"

namespace spurion::harness {

std::vector<std::pair<std::string, std::vector<std::string>>> recorded_rows(
    const std::map<std::string, std::string>& context) {
  const std::string prefix = "environment.";
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  for (auto one = context.lower_bound(prefix);
       one != context.end() && one->first.compare(0, prefix.size(), prefix) == 0; ++one) {
    const auto facts = EnvironmentFacts::from_value(parse_json(one->second, one->first));
    if (!facts.row_notes.empty())
      out.emplace_back(one->first.substr(prefix.size()), facts.row_notes);
  }
  return out;
}

}  // namespace spurion::harness
