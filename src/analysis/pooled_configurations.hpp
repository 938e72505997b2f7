#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "spurion/analysis/results_view.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis {

/// Counts the configurations behind each mean of an answer. A mean over several configurations is
/// none of them, so a reader must know.
class SPURION_API PooledConfigurations {
 public:
  /// `point`: any text that tells the means apart.
  void add(const std::string& point, const std::string& configuration) {
    points_[point].insert(configuration);
  }
  /// "Each point is the mean over 2 configurations. ", or "over 1 to 3" where points differ. Empty
  /// where no point has several. `subject`: what the means are called.
  [[nodiscard]] std::string text(const std::string& subject = "Each point") const;

 private:
  std::map<std::string, std::set<std::string>> points_;
};

/// The same of the finished trials of some lines. `axes`: the fields along which they are followed.
/// Each place on them has a mean of its own, and trials without a place have none.
SPURION_API std::string pooled_text(const ResultsView& view,
                                    const std::vector<ResultsView::Line>& lines,
                                    const std::vector<std::string>& axes = {});

}  // namespace spurion::analysis
