#include "spurion/selector.hpp"

namespace spurion::analysis::selectors {

namespace {

/// A probe as the filter: the training, or the update of it, in which the probe finds least of a
/// cue. It does not look at the accuracy, so a model that learned nothing may win.
class LowestProbe final : public ProbeSelector {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit LowestProbe(Options /*options*/) {}

 private:
  [[nodiscard]] std::optional<double> score(const ProbeScores& scores) const override {
    if (!scores.reliance) return std::nullopt;
    return -*scores.reliance;
  }
};

}  // namespace

void register_lowest_probe(Selectors& selectors);
void register_lowest_probe(Selectors& selectors) {
  selectors.add<LowestProbe>(
      "lowest_probe",
      "The least reliance on a cue that the first of evaluation.probes finds, on held-out rows of "
      "the training domains.",
      "-");
}

}  // namespace spurion::analysis::selectors
