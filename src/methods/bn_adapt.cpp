#include "methods/shared/adapted_erm.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct BnAdaptOptions : L2Option {
  double source_rows = 0.0;
};

/// Adaptation of batch normalisation (Schneider et al. 2020; Nado et al. 2020): ERM; where it
/// predicts, the running mean and variance of each batch normalisation become
///
///     N / (N + n) running + n / (N + n) that of the n rows of the batch
///
/// with N = `source_rows`. The default 0 replaces them. Each batch meets the running statistics of
/// the training, so `episodic` of the regime changes nothing.
///
/// Deviation: the rows that are predicted are other rows than those of the batch.
class BnAdapt final : public AdaptedErm {
 public:
  using Options = BnAdaptOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("source_rows", &Options::source_rows,
                   "N: how many rows the running statistics of the training count for.",
                   at_least(0))
            .include(L2Option::schema());
    return schema;
  }
  BnAdapt(const Options& options, const MethodContext& context)
      : AdaptedErm(options, context), source_rows_(options.source_rows) {}

  void check(const Model& model) const override {
    require_normalisation("bn_adapt", model, BlockRole::statistic);
  }
  [[nodiscard]] std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const override {
    return std::make_unique<BatchNormAdapter>(trainer, source_rows_);
  }

 private:
  double source_rows_;
};

}  // namespace

void register_bn_adapt(Catalog& catalog);
void register_bn_adapt(Catalog& catalog) {
  catalog.methods.add<BnAdapt>("bn_adapt",
                               "Normalises by the statistics of unlabelled rows where it predicts.",
                               "Schneider et al. 2020, arXiv:2006.16971");
}

}  // namespace spurion::methods
