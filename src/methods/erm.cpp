#include <ATen/ATen.h>

#include <optional>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct ErmOptions : L2Option {};

/// Empirical risk minimisation (Vapnik 1991): the mean loss over all rows, here the mean of the
/// domains' mean losses (equal when domains have equally many rows, as in every batch of ours).
class Erm final : public ObjectiveMethod {
 public:
  using Options = ErmOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(L2Option::schema());
    return schema;
  }
  Erm(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
  }
  [[nodiscard]] std::optional<KnownFit> known_fit(std::int64_t replica) const override {
    return KnownFit{KnownFit::Kind::gradient_descent, l2_.to(at::kCPU)[replica].item<double>()};
  }

 private:
  Tensor l2_;
};

}  // namespace

void register_erm(Catalog& catalog);
void register_erm(Catalog& catalog) {
  catalog.methods.add<Erm>("erm", "Empirical risk minimisation: the mean loss over all rows.",
                           "Vapnik 1991");
}

}  // namespace spurion::methods
