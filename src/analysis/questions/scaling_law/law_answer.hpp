#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/questions/scaling_law/judged_line.hpp"
#include "analysis/questions/scaling_law/truth_controls.hpp"
#include "spurion/analysis/answer.hpp"

namespace spurion::analysis::questions::scaling_law {

/// All that an answer tells.
struct LawAnswer {
  std::string experiment;
  LawOptions options;
  std::vector<JudgedLine> lines;
  std::vector<ControlCount> controls;
  std::size_t primaries = 0;  ///< questions of the suite that say that they are the primary one
  std::string score_text;     ///< "accuracy"
  MetricRange range;          ///< of the number
  double level_share = 1.0;   ///< of the level of all tests, that this look at the results has
  std::string note;           ///< of the view, for captions

  /// "scaling_NAME_model.width": begins the names of charts and tables.
  [[nodiscard]] std::string name() const;
  /// Whether the lines are of several environments.
  [[nodiscard]] bool several_environments() const;
  /// How sentences call a line: "erm", or "erm in two_bit".
  [[nodiscard]] std::string called(const JudgedLine& line) const;
};

std::string sentence_of(const LawAnswer& answer);
std::vector<Table> tables_of(const LawAnswer& answer);
std::vector<Chart> charts_of(const LawAnswer& answer);

/// The numbers of each trial, and of each resample: for files alone.
std::vector<Table> raw_tables(const LawAnswer& answer);
/// Where the gap crosses the margin over two axes.
std::vector<Chart> map_charts(const LawAnswer& answer);
/// What a training budget gives at best.
std::vector<Chart> budget_charts(const LawAnswer& answer);

/// What would decide a line that is open, in 4 of 5 cases; nothing of one that is not, or whose
/// reason more seeds or decades of the same would not remove.
fits::Needed needed_of(const JudgedLine& line);
/// The differences from the margin that seeds are planned for: where each line ends.
std::vector<Contrast> contrasts_of(const LawAnswer& answer);

/// "holds", "refuted" or "undecided": what a verdict says of the hypothesis.
std::string claim_result(const JudgedLine& line, const std::string& hypothesis);
/// "4", or "4 and 1000" of several axes.
std::string place_text(const Scale& scale);

}  // namespace spurion::analysis::questions::scaling_law
