#include <ATen/ATen.h>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/unlabelled_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct MtlOptions : L2Option {
  PerReplica<double> smoothing = 0.99;
};

/// Logits with the same added to those of all rows: from offsets [K, C].
Evaluated with_offsets(const Tensor& parameters, const Tensor& offsets) {
  Evaluated out;
  if (parameters.defined()) out.members.push_back(parameters);
  out.head = [added = offsets.detach().unsqueeze(1)](const Output& output, ReplicaRange range) {
    return output.logits + added.narrow(0, range.first, range.count);
  };
  return out;
}

/// Predicts with the mean features of the unlabelled rows at hand.
class MtlAdapter final : public Adapter {
 public:
  MtlAdapter(const ReplicaTrainer& trainer, const Tensor& block)
      : model_(&trainer.model()),
        parameters_(trainer.parameters().detach()),
        block_(block.detach()) {}

  Evaluated adapt(const Tensor& x) override {
    const at::NoGradGuard no_grad;
    const Output output = model_->forward_anywhere(parameters_, x);
    const std::int64_t replicas = parameters_.size(0);
    const Tensor mean = row_means(output.features.expand({replicas, -1, -1}).unsqueeze(1));
    return with_offsets(parameters_, affine_logits(block_, mean).squeeze(1));
  }

 private:
  const Model* model_;
  Tensor parameters_;
  Tensor block_;
};

/// Marginal transfer learning (Blanchard et al. 2021) with the features of a network, as DomainBed
/// has it: the last layer reads, beside the features f of a row, an embedding m_e of the marginal
/// distribution of its domain, z = f W + m_e V + b. In training m_e is the moving average
///
///     m_e <- a mean of f over the rows of domain e in the minibatch + (1 - a) m_e,    m_e = 0
///     first,
///
/// and its newest part has a gradient. Where it predicts, m is the mean of the features of the
/// unlabelled rows at hand; before adaptation it is the mean of m_e over the train domains. The
/// choices of a are DomainBed's.
///
/// DomainBed's code overwrites each embedding with standard normal numbers before it is used; here
/// the embedding is used. The rows that are predicted are other rows than those of the batch.
class Mtl final : public Method {
 public:
  using Options = MtlOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("smoothing", &Options::smoothing,
                   "Share a of the newest minibatch in the moving average of a domain's features.",
                   between(0, 1), choice({0.5, 0.9, 0.99, 1.0}))
            .include(L2Option::schema());
    return schema;
  }

  Mtl(const Options& options, const MethodContext& context)
      : context_(context),
        layer_("embedding", {context.outputs, /*depth=*/0}),
        smoothing_(per_replica_tensor(options.smoothing, context).reshape({-1, 1, 1})),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    access.unlabelled_target = true;
    return access;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    return {layer_.block(PerceptronInputs::of(model, context_), context_)};
  }
  /// An embedding is at most as large as the activations of a row.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return static_cast<double>(context_.domains) * sizes.activations;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const Tensor means = row_means(domain_features(output, batch));  // [K, E, F]
    if (!embeddings_.defined()) embeddings_ = at::zeros_like(means);
    const Tensor embeddings = smoothing_ * means + (1.0 - smoothing_) * embeddings_;
    embeddings_ = embeddings.detach();
    Output informed;
    informed.logits = output.logits + layer_(trainer, embeddings)
                                          .unsqueeze(2)
                                          .expand({-1, -1, batch.rows_per_domain, -1})
                                          .flatten(1, 2);
    trainer.step_with_own(domain_risks(informed, batch).mean(1) +
                          l2_penalty(l2_, trainer.parameters()));
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    if (!embeddings_.defined()) return {};
    const at::NoGradGuard no_grad;
    const Tensor mean = embeddings_.mean(1, true);
    return with_offsets({}, affine_logits(trainer.own(layer_.name()), mean).squeeze(1));
  }
  [[nodiscard]] std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const override {
    return std::make_unique<MtlAdapter>(trainer, trainer.own(layer_.name()));
  }
  void visit_state(StateVisitor& visit) override { visit("embeddings", embeddings_); }

 private:
  MethodContext context_;
  OwnPerceptron layer_;
  Tensor smoothing_;
  Tensor l2_;
  Tensor embeddings_;  // [K, E, F]
};

}  // namespace

void register_mtl(Catalog& catalog);
void register_mtl(Catalog& catalog) {
  catalog.methods.add<Mtl>("mtl", "Predicts with an embedding of the domain: its mean features.",
                           "Blanchard et al. 2021, arXiv:1711.07910");
}

}  // namespace spurion::methods
