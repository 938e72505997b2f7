#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "conformance/width_check.hpp"
#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/table.hpp"

namespace spurion::cli {

/// The training losses of one parametrisation: [width][seed].
struct WidthLosses {
  std::string parametrisation;
  std::vector<std::vector<double>> losses;
};

/// The drawings of a width check, and the numbers behind them.
class WidthCharts {
 public:
  /// The mean |activation| of each layer against the width: drawn after the last update, all
  /// updates in the file of numbers.
  void add(const std::string& parametrisation, const conformance::WidthStudy& study,
           const std::vector<conformance::LayerSizes>& layers);
  /// The training loss against the width, a line a parametrisation.
  void add(const conformance::WidthStudy& study, const std::vector<WidthLosses>& losses);

  /// Writes NAME.svg, NAME.csv, NAME.md and NAME.tex of each into a folder, and NAME.pdf where
  /// `pdf` makes one of an SVG; returns what it wrote. Throws `StoreError`.
  [[nodiscard]] std::vector<std::filesystem::path> write(
      const std::filesystem::path& folder,
      const std::function<std::string(const std::string&)>& pdf) const;

 private:
  std::vector<analysis::Chart> charts_;
  std::vector<analysis::Table> tables_;  ///< of each chart
};

}  // namespace spurion::cli
