// A plug-in with a kind of question of its own: how far apart the seeds of each method are.
#include <fmt/format.h>

#include <algorithm>

#include "spurion/plugin.hpp"

namespace {

using namespace spurion;

struct SeedSpreadOptions {
  std::string domain = "test";
  double worry = 0.1;
};

class SeedSpread final : public Question {
 public:
  using Options = SeedSpreadOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>()
            .field("domain", &Options::domain, "Domain in which models are scored.")
            .field("worry", &Options::worry, "A spread above this is told.", between(0, 1));
    return built;
  }
  explicit SeedSpread(Options options) : options_(std::move(options)) {}

  [[nodiscard]] analysis::Answer answer(const analysis::Study& study,
                                        const std::string& experiment) const override {
    const analysis::ResultsView view(study, experiment);
    analysis::Answer answer;
    analysis::Table table{"seed_spread_" + experiment,
                          "Highest score of a seed minus the lowest.",
                          {{"method"}, {"spread", analysis::ColumnKind::number}}};
    for (const auto& line : view.lines()) {
      const std::vector<double> scores =
          view.numbers(line, options_.domain, view.score()).seed_means();
      if (scores.empty()) continue;
      const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
      const double spread = *high - *low;
      table.add({line.name, analysis::Number{spread, analysis::Notation::fixed, 3}});
      answer.sentence += fmt::format("{}: seeds are {:.3f} apart{}. ", line.name, spread,
                                     spread > options_.worry ? ", which is much" : "");
    }
    if (answer.sentence.empty()) answer.sentence = "No trial of this experiment is done. ";
    answer.tables.push_back(std::move(table));
    return answer;
  }

 private:
  Options options_;
};

void add(Catalog& catalog) {
  catalog.questions.add<SeedSpread>("seed_spread", "How far apart are the seeds?", "-");
}

}  // namespace

SPURION_PLUGIN(question_lab, "1.0", add)
