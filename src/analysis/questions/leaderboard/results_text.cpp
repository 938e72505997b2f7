#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "analysis/controls.hpp"
#include "analysis/questions/leaderboard/board.hpp"
#include "core/counted.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

/// Names that a person reads in one sentence.
constexpr std::size_t kMostNames = 8;

using Count = std::function<std::int64_t(const Overall&)>;

/// "v_rex in 2 of 3 environments" for each method of which there are any.
std::vector<std::string> counts_text(const Leaderboard& board, const Count& count) {
  std::vector<std::string> texts;
  for (const Overall& one : board.overall) {
    if (count(one) == 0) continue;
    texts.push_back(board.several() ? fmt::format("{} in {} of {} environments", one.line.name,
                                                  count(one), one.environments)
                                    : one.line.name);
  }
  return texts;
}

/// Who beat the baseline in which environments, who did not beat the placebo, and who lost.
std::string wins_text(const Leaderboard& board) {
  const std::string& baseline = board.options.baseline;
  const auto better =
      counts_text(board, [](const Overall& one) { return one.wins + one.wins_as_placebo; });
  const auto as_placebo = counts_text(board, [](const Overall& one) {
    return one.control == Control::none ? one.wins_as_placebo : 0;
  });
  const auto lost = counts_text(board, [](const Overall& one) { return one.losses; });
  const auto placebo = counts_text(
      board, [](const Overall& one) { return one.control == Control::placebo ? one.wins : 0; });
  std::string text =
      better.empty()
          ? fmt::format("No method is shown to be better than {} out of distribution. ", baseline)
          : fmt::format("Shown to be better than {} out of distribution: {}. ", baseline,
                        list_of(better));
  if (!as_placebo.empty()) {
    text += fmt::format("Of these not shown to be better than the control {}: {}. ",
                        board.names_of(Control::placebo), list_of(as_placebo));
  }
  if (!placebo.empty()) {
    text += fmt::format(
        "The control {} beats {} too, so the form of its penalty gains without what the domain "
        "labels say. ",
        list_of(placebo), baseline);
  }
  if (!lost.empty()) text += fmt::format("Shown to be worse: {}. ", list_of(lost));
  return text;
}

/// The verdicts over all environments together, and what they are about.
std::string pooled_text(const Leaderboard& board) {
  if (!board.several()) return {};
  std::vector<std::string> better;
  std::vector<std::string> worse;
  std::int64_t comparisons = 0;
  for (const Overall& one : board.overall) {
    if (one.verdict.difference.count == 0) continue;
    comparisons = one.verdict.test.comparisons;
    if (beats_baseline(one.verdict.result)) {
      better.push_back(
          fmt::format("{} by {}{}", one.line.name, show(one.verdict.difference),
                      one.verdict.result == Result::won_as_placebo ? " (control not beaten)" : ""));
    }
    if (one.verdict.result == Result::lost) worse.push_back(one.line.name);
  }
  if (comparisons == 0) return {};
  const auto scales = std::count_if(board.boards.begin(), board.boards.end(),
                                    [](const Board& one) { return one.normalised(); });
  if (scales < 2) return {};
  std::string text = fmt::format("Over the {} environments with a scale together, ", scales);
  text +=
      better.empty()
          ? fmt::format("no method is shown to be better than {}", board.options.baseline)
          : fmt::format("shown to be better than {}: {}", board.options.baseline, list_of(better));
  text += worse.empty() ? ". " : fmt::format("; shown to be worse: {}. ", list_of(worse));
  const double least =
      std::min(1.0, std::ldexp(2.0, -static_cast<int>(scales)) * static_cast<double>(comparisons));
  text +=
      "The differences are paired by environment and seed, so this is about these environments "
      "alone. ";
  if (least > kTestLevel) {
    text += fmt::format(
        "With {} environments and {} a sign-flip test over environments in place of seeds cannot "
        "give p below {}, so nothing can be shown about others. ",
        scales, core::counted(comparisons, "comparison"), show(least));
  }
  return text;
}

/// What the seeds can show.
std::string power_text(const Leaderboard& board) {
  const PairedTest* weakest = nullptr;
  std::vector<double> detectable;
  for (const Board& one : board.boards) {
    for (const Standing& standing : one.standings) {
      const Verdict& verdict = standing.verdict;
      if (verdict.difference.seeds < 2) continue;
      if (weakest == nullptr || verdict.test.least > weakest->least) weakest = &verdict.test;
      const double least_shown = verdict.test.detectable();
      if (one.accuracy && verdict.result == Result::tied && least_shown > 0.0) {
        detectable.push_back(least_shown);
      }
    }
  }
  std::string text;
  if (weakest != nullptr && weakest->flips_cannot_show()) {
    text += fmt::format(
        "With {} and {} a sign-flip test cannot give p below {}, so the paired t test alone "
        "decides. ",
        core::counted(weakest->seeds, "seed"), core::counted(weakest->comparisons, "comparison"),
        show(weakest->least));
  }
  if (!detectable.empty()) {
    std::sort(detectable.begin(), detectable.end());
    text += fmt::format(
        "Where no difference is shown, seeds like these would show one of {} in 4 of 5 cases "
        "(median). ",
        show(detectable[detectable.size() / 2]));
  }
  return text;
}

/// Which controls are missing, and whose budgets differ from the baseline's.
std::string fairness_text(const Leaderboard& board) {
  std::set<std::string> methods;
  for (const auto& [name, what] : board.controls) {
    for (const Overall& one : board.overall) {
      const bool own = one.line.method == name || one.line.method.rfind(name + " (", 0) == 0;
      if (own) methods.insert(name);
    }
  }
  std::string text = missing_controls_text(board.controls, methods,
                                           fmt::format("experiment '{}'", board.experiment));
  if (!board.searched()) return text;
  std::map<std::int64_t, std::vector<std::string>> budgets;
  for (const Overall& one : board.overall) budgets[one.samples].push_back(one.line.name);
  if (budgets.size() < 2) return text;
  std::vector<std::string> parts;
  for (const auto& [samples, names] : budgets) {
    parts.push_back(fmt::format("{} of {}", core::counted(samples, "sample"), list_of(names)));
  }
  return text + fmt::format("Search budgets are unequal, and more samples are an advantage: {}. ",
                            fmt::join(parts, "; "));
}

}  // namespace

std::string list_of(const std::vector<std::string>& names) {
  if (names.size() <= kMostNames) return fmt::format("{}", fmt::join(names, ", "));
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(kMostNames));
  return fmt::format("{} and {} others", fmt::join(shown, ", "), names.size() - kMostNames);
}

bool Leaderboard::has(Control control) const {
  return std::any_of(overall.begin(), overall.end(),
                     [&](const Overall& one) { return one.control == control; });
}

std::string Leaderboard::names_of(Control control) const {
  std::vector<std::string> names;
  for (const Overall& one : overall) {
    if (one.control == control) names.push_back(one.line.name);
  }
  return fmt::format("{}", fmt::join(names, " or "));
}

std::int64_t Leaderboard::comparisons() const {
  std::int64_t all = 0;
  for (const Board& board : boards) {
    for (const Standing& one : board.standings) {
      all += one.verdict.difference.count > 0 ? 1 : 0;
    }
  }
  return all;
}

bool Leaderboard::searched() const {
  return std::any_of(overall.begin(), overall.end(),
                     [](const Overall& one) { return one.samples > 1; });
}

std::string results_text(const Leaderboard& board) {
  const std::string fairness = fairness_text(board);
  if (board.comparisons() == 0) {
    return fmt::format("No method shares seeds with the baseline {}, so none won or lost. ",
                       board.options.baseline) +
           fairness;
  }
  return wins_text(board) + power_text(board) + pooled_text(board) + fairness;
}

}  // namespace spurion::analysis::questions::leaderboard
