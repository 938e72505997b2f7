#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "analysis/questions/leaderboard/board.hpp"
#include "core/counted.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

/// Names that a person reads in one sentence.
constexpr std::size_t kMostNames = 8;

/// "a, b and 3 others".
std::string list_of(const std::vector<std::string>& names) {
  if (names.size() <= kMostNames) return fmt::format("{}", fmt::join(names, ", "));
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(kMostNames));
  return fmt::format("{} and {} others", fmt::join(shown, ", "), names.size() - kMostNames);
}

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
    for (const Overall& one : board.overall) {
      if (one.normalised.count > 0 && one.normalised.value == first.normalised.value) {
        best.push_back(one.name);
      }
    }
    return best_text(
        best,
        fmt::format("{} methods over {} environments", board.overall.size(), board.boards.size()),
        fmt::format("normalised score out of distribution: {}", show(first.normalised)),
        stability_text(first.rank));
  }
  const std::vector<Standing>& standings = board.boards.front().standings;
  if (standings.empty() || standings.front().ood_mean.count == 0) return {};
  const Standing& first = standings.front();
  for (const Standing& one : standings) {
    if (one.ood_mean.count > 0 && one.ood_mean.value == first.ood_mean.value) {
      best.push_back(one.line.name);
    }
  }
  const std::string normalised = first.normalised_mean.count > 0
                                     ? fmt::format(", normalised {}", show(first.normalised_mean))
                                     : std::string();
  return best_text(best, fmt::format("{} methods", standings.size()),
                   fmt::format("score out of distribution: {}{}", show(first.ood_mean), normalised),
                   first.learned == Learned::no ? "It did not learn in distribution. "
                                                : stability_text(first.rank));
}

using Count = std::function<std::int64_t(const Overall&)>;

/// "v_rex in 2 of 3 environments" for each method of which there are any.
std::vector<std::string> counts_text(const Leaderboard& board, const Count& count) {
  std::vector<std::string> texts;
  for (const Overall& one : board.overall) {
    if (count(one) == 0) continue;
    texts.push_back(board.several() ? fmt::format("{} in {} of {} environments", one.name,
                                                  count(one), one.environments)
                                    : one.name);
  }
  return texts;
}

std::string results_text(const Leaderboard& board) {
  std::int64_t compared = 0;
  for (const Board& one : board.boards) {
    for (const Standing& standing : one.standings) {
      compared += standing.ood_difference.count > 0 ? 1 : 0;
    }
  }
  const std::string& baseline = board.options.baseline;
  if (compared == 0) {
    return fmt::format("No method shares seeds with the baseline {}, so none won or lost. ",
                       baseline);
  }
  const auto won = counts_text(board, [](const Overall& one) { return one.wins; });
  const auto lost = counts_text(board, [](const Overall& one) { return one.losses; });
  std::string text =
      won.empty()
          ? fmt::format("No method is shown to be better than {} out of distribution. ", baseline)
          : fmt::format("Shown to be better than {} out of distribution: {}. ", baseline,
                        list_of(won));
  if (!lost.empty()) text += fmt::format("Shown to be worse: {}. ", list_of(lost));
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

/// What the seeds can show.
std::string power_text(const Leaderboard& board) {
  const PairedTest* weakest = nullptr;
  std::vector<double> detectable;
  for (const Board& one : board.boards) {
    for (const Standing& standing : one.standings) {
      if (standing.ood_difference.seeds < 2) continue;
      if (weakest == nullptr || standing.test.least > weakest->least) weakest = &standing.test;
      const double least_shown = standing.test.detectable();
      if (one.accuracy && standing.result == Result::tied && least_shown > 0.0) {
        detectable.push_back(least_shown);
      }
    }
  }
  std::string text;
  if (weakest != nullptr && weakest->flips_cannot_show()) {
    text += fmt::format(
        "With {} and {} in an environment a sign-flip test cannot give p below "
        "{}, so the paired t test alone decides. ",
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
    if (one.normalised.count == 0) names.push_back(one.name);
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
  return first_text(leaderboard) + results_text(leaderboard) + doubts_text(leaderboard) +
         scales_text(leaderboard) + incomplete_text(leaderboard) + power_text(leaderboard) +
         environments_text(leaderboard);
}

}  // namespace spurion::analysis::questions::leaderboard
