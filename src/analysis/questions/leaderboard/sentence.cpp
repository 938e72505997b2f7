#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "analysis/questions/leaderboard/board.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

/// How sure the first rank is.
std::string stability_text(const RankStability& rank) {
  constexpr double kSure = 0.95;
  if (rank.rank.seeds < 2) return "One seed does not tell how sure this rank is. ";
  return fmt::format(
      "It has rank 1 in {:.0f} % of the resamples of the seeds{}. ", 100.0 * rank.first,
      rank.first < kSure ? ", so another set of seeds may put another method first" : "");
}

/// "Of 5 methods v_rex has the best score out of distribution: 0.7. ...", or which methods have it.
std::string best_text(const std::vector<std::string>& best, const std::string& of_how_many,
                      const std::string& what, const std::string& stability) {
  if (best.size() == 1) {
    return fmt::format("Of {} {} has the best {}. {}", of_how_many, best.front(), what, stability);
  }
  return fmt::format("Of {} {} have the same best {}, so none of them is first. ", of_how_many,
                     list_of(best), what);
}

std::string first_text(const Leaderboard& board) {
  std::vector<std::string> best;
  if (board.several()) {
    if (board.overall.empty() || board.overall.front().normalised.count == 0) {
      return "No method has a score in every environment with a scale, so there is no rank over "
             "all environments. ";
    }
    const Overall& first = board.overall.front();
    std::size_t ranked = 0;
    for (const Overall& one : board.overall) {
      if (one.control == Control::oracle) continue;
      ++ranked;
      if (one.normalised.count > 0 && one.normalised.value == first.normalised.value) {
        best.push_back(one.line.name);
      }
    }
    return best_text(
        best, fmt::format("{} methods over {} environments", ranked, board.boards.size()),
        fmt::format("normalised score out of distribution: {}", show(first.normalised)),
        stability_text(first.rank));
  }
  const std::vector<Standing>& standings = board.boards.front().standings;
  if (standings.empty() || standings.front().ood_mean.count == 0) return {};
  const Standing& first = standings.front();
  std::size_t ranked = 0;
  for (const Standing& one : standings) {
    if (one.control == Control::oracle) continue;
    ++ranked;
    if (one.ood_mean.count > 0 && one.ood_mean.value == first.ood_mean.value) {
      best.push_back(one.line.name);
    }
  }
  const std::string normalised = first.normalised_mean.count > 0
                                     ? fmt::format(", normalised {}", show(first.normalised_mean))
                                     : std::string();
  return best_text(best, fmt::format("{} methods", ranked),
                   fmt::format("score out of distribution: {}{}", show(first.ood_mean), normalised),
                   first.learned == Learned::no ? "It did not learn in distribution. "
                                                : stability_text(first.rank));
}

/// How far the oracles come, which have no rank.
std::string oracles_text(const Leaderboard& board) {
  std::string text;
  for (const Overall& one : board.overall) {
    if (one.control != Control::oracle) continue;
    Estimate score = one.normalised;
    if (!board.several() && score.count == 0) {
      for (const Standing& standing : board.boards.front().standings) {
        if (standing.line.name == one.line.name) score = standing.ood_mean;
      }
    }
    if (score.count == 0) continue;
    text += fmt::format("The oracle {}, which has no rank, reaches {}{}. ", one.line.name,
                        one.normalised.count > 0 ? "a normalised " : "", show(score));
  }
  return text;
}

/// What is a success only at first sight.
std::string doubts_text(const Leaderboard& board) {
  std::vector<std::string> lost_id;
  std::vector<std::string> unlearned;
  for (const Board& one : board.boards) {
    for (const Standing& standing : one.standings) {
      const std::string name = board.several()
                                   ? fmt::format("{} in {}", standing.line.name, one.environment)
                                   : standing.line.name;
      if (standing.lost_id) lost_id.push_back(name);
      if (standing.learned == Learned::no) unlearned.push_back(name);
    }
  }
  std::string text;
  if (!unlearned.empty()) text += fmt::format("Did not learn: {}. ", list_of(unlearned));
  if (!lost_id.empty()) {
    text += fmt::format(
        "Gap closed by losing ID (a smaller gap and a lower score in distribution than {}, without "
        "a gain out of distribution that is shown): {}. ",
        board.options.baseline, list_of(lost_id));
  }
  return text;
}

std::string scales_text(const Leaderboard& board) {
  std::string text;
  for (const Board& one : board.boards) {
    const char* why = nullptr;
    switch (one.problem) {
      case ScaleProblem::none:
        continue;
      case ScaleProblem::unknown:
        why = "a ceiling of its test domain is not known";
        break;
      case ScaleProblem::no_cost:
        why = "there a predictor that uses the cue only is no worse than the invariant ceiling";
        break;
      case ScaleProblem::too_close:
        why = "there a predictor that uses the cue only is hardly worse than the invariant ceiling";
        break;
    }
    text += fmt::format("Scores in {} are not normalised: {} (cue only {}, invariant {}). ",
                        one.environment, why, show(one.cue_only), show(one.invariant));
  }
  return text;
}

std::string environments_text(const Leaderboard& board) {
  std::vector<double> taus;
  for (const Agreement& one : board.agreements) {
    if (std::isfinite(one.tau)) taus.push_back(one.tau);
  }
  std::string text;
  if (!taus.empty()) {
    text += fmt::format("Kendall's tau of the orders of methods in two environments is {:.2f}{}. ",
                        mean(taus),
                        taus.size() > 1 ? fmt::format(", the mean of {} pairs", taus.size()) : "");
  }
  std::vector<std::string> on_the_line;
  for (const Board& one : board.boards) {
    const bool on_line = one.certificate.pooled.verdict == analysis::LineVerdict::on_the_line;
    if (on_line) on_the_line.push_back(one.environment);
  }
  if (!on_the_line.empty()) {
    text += fmt::format(
        "Cannot rank methods by robustness, for accuracy out of distribution follows accuracy in "
        "distribution: {}. ",
        list_of(on_the_line));
  }
  return text;
}

/// Methods that have no rank over all environments.
std::string incomplete_text(const Leaderboard& board) {
  if (!board.several() || board.overall.front().normalised.count == 0) return {};
  std::vector<std::string> names;
  for (const Overall& one : board.overall) {
    if (one.normalised.count == 0) names.push_back(one.line.name);
  }
  if (names.empty()) return {};
  return fmt::format("Without a score in some environment, so without a rank over all: {}. ",
                     list_of(names));
}

}  // namespace

std::string sentence_of(const Leaderboard& leaderboard) {
  const bool scored =
      std::any_of(leaderboard.boards.begin(), leaderboard.boards.end(), [](const Board& board) {
        return std::any_of(board.standings.begin(), board.standings.end(),
                           [](const Standing& one) { return one.ood_mean.count > 0; });
      });
  if (!scored) return "No trial of this experiment has a score out of distribution. ";
  return first_text(leaderboard) + oracles_text(leaderboard) + results_text(leaderboard) +
         doubts_text(leaderboard) + scales_text(leaderboard) + incomplete_text(leaderboard) +
         environments_text(leaderboard);
}

}  // namespace spurion::analysis::questions::leaderboard
