#include "spurion/selector.hpp"

namespace spurion::analysis::selectors {

namespace {

/// Leave-one-domain-out cross-validation (Gulrajani & Lopez-Paz 2021, arXiv:2007.01434, section 3):
/// for each train domain a further trial is trained without it and scored on its validation rows.
/// The score of a sample is the mean over these domains; the chosen sample is the one that was
/// trained on all train domains.
class LeaveOneDomainOut final : public HeldOutSelector {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit LeaveOneDomainOut(Options /*options*/) {}

 private:
  [[nodiscard]] std::optional<double> score(const HeldOutScores& scores) const override {
    return accuracy_or_loss(scores.accuracy, scores.loss);
  }
};

}  // namespace

void register_leave_one_domain_out(Selectors& selectors);
void register_leave_one_domain_out(Selectors& selectors) {
  selectors.add<LeaveOneDomainOut>(
      "leave_one_domain_out",
      "The best mean score on train domains that further trials left out of the training. Needs "
      "the grid axis training.held_out_domain.",
      "Gulrajani & Lopez-Paz 2021, arXiv:2007.01434");
}

}  // namespace spurion::analysis::selectors
