#include "spurion/selector.hpp"

namespace spurion::analysis::selectors {

namespace {

/// A probe beside the accuracy: both are shares in [0, 1], and count alike. So a model that learned
/// nothing does not win by not relying on the cue.
class AccuracyMinusProbe final : public ProbeSelector {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit AccuracyMinusProbe(Options /*options*/) {}

 private:
  [[nodiscard]] std::optional<double> score(const ProbeScores& scores) const override {
    if (!scores.reliance || !scores.training.accuracy) return std::nullopt;
    return *scores.training.accuracy - *scores.reliance;
  }
};

}  // namespace

void register_accuracy_minus_probe(Selectors& selectors);
void register_accuracy_minus_probe(Selectors& selectors) {
  selectors.add<AccuracyMinusProbe>(
      "accuracy_minus_probe",
      "The best accuracy on validation rows of the training domains minus the reliance on a cue "
      "that the first of evaluation.probes finds.",
      "-");
}

}  // namespace spurion::analysis::selectors
