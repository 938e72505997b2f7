#include "spurion/selector.hpp"

namespace spurion::analysis::selectors {

namespace {

/// Worst-group validation (Sagawa et al. 2020, arXiv:1911.08731): it needs the group of each
/// validation row, but of no test row.
class TrainingWorstGroup final : public GroupSelector {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit TrainingWorstGroup(Options /*options*/) {}

 private:
  [[nodiscard]] std::optional<double> score(const GroupScores& scores) const override {
    return scores.worst_group_accuracy;
  }
};

}  // namespace

void register_training_worst_group(Selectors& selectors);
void register_training_worst_group(Selectors& selectors) {
  selectors.add<TrainingWorstGroup>(
      "training_worst_group",
      "The best accuracy of the worst group (label x cue), on validation rows of the training "
      "domains whose groups are known.",
      "Sagawa et al. 2020, arXiv:1911.08731");
}

}  // namespace spurion::analysis::selectors
