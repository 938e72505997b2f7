// Methods over environments. Scores out of distribution lie between two ceilings
// (normalised_score.hpp); wins and losses against a baseline are paired and adjusted over all
// methods and environments (judge.hpp; Holm 1979); ranks are resampled over seeds; Kendall's tau-b
// compares the orders of two environments; the line of accuracies says whether an environment can
// rank methods at all (accuracy_line.hpp).
#include <fmt/format.h>

#include <utility>

#include "analysis/contrasts.hpp"
#include "analysis/pooled_configurations.hpp"
#include "analysis/questions/leaderboard/board.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

class LeaderboardQuestion final : public Question {
 public:
  using Options = leaderboard::BoardOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>()
            .field("baseline", &Options::baseline, "The method that the others are compared with.")
            .names(FieldUse::method)
            .field(
                "margin", &Options::margin,
                "For the flag 'gap closed by losing ID': by how much the gap and the accuracy in "
                "distribution must be below those of the baseline.",
                at_least(0));
    return built;
  }
  explicit LeaderboardQuestion(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] bool decides() const override { return true; }

 private:
  Options options_;
};

/// The comparisons with the baseline: in each environment, and over all of them.
std::vector<Contrast> contrasts_of(const leaderboard::Leaderboard& board) {
  std::vector<Contrast> all;
  const auto add = [&](const ResultsView::Line& line, const leaderboard::Verdict& verdict,
                       const std::string& where, const std::string& number) {
    if (verdict.difference.count == 0) return;
    all.push_back(
        contrast_of(fmt::format("{} minus {}{}", line.name, board.options.baseline, where), number,
                    verdict.difference, verdict.test));
  };
  if (board.several()) {
    for (const leaderboard::Overall& one : board.overall) {
      add(one.line, one.verdict, " over all environments", "normalised OOD");
    }
  }
  for (const leaderboard::Board& one : board.boards) {
    for (const leaderboard::Standing& standing : one.standings) {
      add(standing.line, standing.verdict,
          board.several() ? " in " + one.environment : std::string(), "OOD");
    }
  }
  return all;
}

Answer LeaderboardQuestion::answer(const Study& study, const std::string& experiment) const {
  using namespace leaderboard;
  const ResultsView view(study, experiment, {}, ResultsView::Tasks::both);
  Leaderboard board;
  board.experiment = experiment;
  board.options = options_;
  board.options.level = study.test_level(experiment);
  board.boards = boards_of(study, view, experiment, board.options);
  board.overall = overall_of(board.boards, experiment, board.options);
  board.agreements = agreements_of(board.boards);
  board.note = view.note(false, options_.baseline);
  board.controls = study.controls();
  Answer answer;
  answer.sentence = sentence_of(board);
  const std::vector<ResultsView::Line> lines = view.lines_by_environment(options_.baseline);
  answer.sentence += pooled_text(view, lines) + view.fates_text(lines);
  answer.tables = tables_of(board);
  answer.charts = charts_of(board);
  answer.contrasts = contrasts_of(board);
  return answer;
}

}  // namespace

void register_leaderboard(QuestionKinds& kinds);
void register_leaderboard(QuestionKinds& kinds) {
  kinds.add<LeaderboardQuestion>(
      "leaderboard", "Which methods are best over several environments, and how sure is that?",
      "ranks resampled over seeds; Holm 1979; Kendall 1945");
}

}  // namespace spurion::analysis::questions
