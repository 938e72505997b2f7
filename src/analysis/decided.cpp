#include "analysis/decided.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/answered_questions.hpp"
#include "analysis/normal_distribution.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/study.hpp"

namespace spurion::analysis {

bool is_decided(const Contrast& contrast, double margin, double level) {
  if (contrast.decided) return true;
  // What intervals judge has a margin of its own: that it changes little does not answer it.
  if (!contrast.sign_flips || contrast.margin > 0.0) return false;
  if (!(margin > 0.0) || contrast.difference.seeds < 2) return false;
  const double own = 0.5 * level / static_cast<double>(contrast.comparisons);
  double half = -probit(own) * std::hypot(contrast.noise.own, contrast.noise.shared);
  if (contrast.error > 0.0) {
    half = std::max(half, -student_quantile(own, contrast.freedom) * contrast.error);
  }
  // Seeds that coincide and whose rows have no noise that is known tell nothing.
  if (!(half > 0.0)) return false;
  return std::abs(contrast.difference.value) + half < margin;
}

std::set<std::string> decided_experiments(const StoredResults& results, double margin,
                                          const QuestionKinds& kinds) {
  const Study study(results, kinds.selectors);
  const AnsweredQuestions questions(study, kinds);
  std::set<std::string> asked;
  std::set<std::string> open;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::string& experiment = questions.asked(i).experiment;
    const std::vector<Contrast> contrasts = questions.answer(i).contrasts;
    const double level = study.test_level(experiment);
    const bool decided = !contrasts.empty() &&
                         std::all_of(contrasts.begin(), contrasts.end(), [&](const Contrast& one) {
                           return is_decided(one, margin, level);
                         });
    for (const std::string& name : questions.experiments(i)) {
      asked.insert(name);
      if (!decided) open.insert(name);
    }
  }
  for (const std::string& name : open) asked.erase(name);
  return asked;
}

}  // namespace spurion::analysis
