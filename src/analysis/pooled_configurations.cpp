#include "analysis/pooled_configurations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis {

std::string PooledConfigurations::text(const std::string& subject) const {
  std::size_t fewest = 0;
  std::size_t most = 0;
  for (const auto& [point, configurations] : points_) {
    fewest = fewest == 0 ? configurations.size() : std::min(fewest, configurations.size());
    most = std::max(most, configurations.size());
  }
  if (most < 2) return {};
  return fmt::format("{} is the mean over {}{} configurations. ", subject,
                     fewest < most ? fmt::format("{} to ", fewest) : std::string(), most);
}

std::string pooled_text(const ResultsView& view, const std::vector<ResultsView::Line>& lines,
                        const std::vector<std::string>& axes) {
  PooledConfigurations pooled;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const ResultsView::Row& row : view.rows(lines[i])) {
      std::string point = std::to_string(i);
      bool placed = true;
      for (const std::string& axis : axes) {
        const auto place = axis_value(*row.trial, axis);
        placed = placed && place;
        if (place) point += fmt::format(" {}", place->number);
      }
      if (placed) pooled.add(point, row.configuration);
    }
  }
  return pooled.text();
}

}  // namespace spurion::analysis
