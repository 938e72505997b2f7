#include "spurion/selector.hpp"

namespace spurion::analysis::selectors {

namespace {

/// Test-domain validation (Gulrajani & Lopez-Paz 2021, arXiv:2007.01434, section 3), on validation
/// rows of the test domain, of which no score is reported. Theirs stops no trial early; here that
/// is the question's key `early_stopping`.
class Oracle final : public OracleSelector {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit Oracle(Options /*options*/) {}

 private:
  [[nodiscard]] std::optional<double> score(const OracleScores& scores) const override {
    return accuracy_or_loss(scores.accuracy, scores.loss);
  }
};

}  // namespace

void register_oracle(Selectors& selectors);
void register_oracle(Selectors& selectors) {
  selectors.add<Oracle>(
      "oracle",
      "Leak: the best accuracy, or the least loss for regression, on validation rows of the test "
      "domain. An upper bound, not a method of selection.",
      "Gulrajani & Lopez-Paz 2021, arXiv:2007.01434");
}

}  // namespace spurion::analysis::selectors
