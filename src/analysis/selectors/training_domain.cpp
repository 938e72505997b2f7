#include "spurion/selector.hpp"

namespace spurion::analysis::selectors {

namespace {

/// Training-domain validation (Gulrajani & Lopez-Paz 2021, arXiv:2007.01434, section 3): held-out
/// rows of the train domains, pooled. Each train domain has equal weight.
class TrainingDomain final : public TrainingSelector {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit TrainingDomain(Options /*options*/) {}

 private:
  [[nodiscard]] std::optional<double> score(const TrainingScores& scores) const override {
    return accuracy_or_loss(scores.accuracy, scores.loss);
  }
};

}  // namespace

void register_training_domain(Selectors& selectors);
void register_training_domain(Selectors& selectors) {
  selectors.add<TrainingDomain>(
      "training_domain",
      "The best accuracy, or the least loss for regression, on validation rows of the training "
      "domains.",
      "Gulrajani & Lopez-Paz 2021, arXiv:2007.01434");
}

}  // namespace spurion::analysis::selectors
