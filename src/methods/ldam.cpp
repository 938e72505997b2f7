#include <ATen/ATen.h>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct LdamOptions : L2Option {
  PerReplica<double> largest_margin = 0.5;
  PerReplica<double> scale = 30.0;
};

/// Label-distribution-aware margins (Cao et al. 2019): the loss of a row of class y is the
/// cross-entropy of s (z - m_y e_y), with margins m_c proportional to n_c^(-1/4), n_c the training
/// rows of class c, and the largest of them `largest_margin`. The logits z are evaluated. Defaults
/// and ranges are SubpopBench's. As there, the last layer is a plain one and nothing is reweighted
/// late; the authors' code has features and weights of norm 1. A class without rows counts as
/// having one.
class Ldam final : public ObjectiveMethod {
 public:
  using Options = LdamOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("largest_margin", &O::largest_margin, "Margin of the rarest class.", at_least(0),
                   log_uniform(0.1, 0.794))
            .field("scale", &O::scale, "Factor s of the logits in the loss.", positive(),
                   choice({10.0, 30.0}))
            .include(L2Option::schema());
    return schema;
  }

  Ldam(const Options& options, const MethodContext& context)
      : largest_(per_replica_tensor(options.largest_margin, context).unsqueeze(1)),
        scale_(per_replica_tensor(options.scale, context).reshape({-1, 1, 1})),
        l2_(per_replica_tensor(options.l2, context)),
        classes_(classes_of("ldam", context)) {}

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    if (!margins_.defined()) {
      const Tensor shares = class_counts(trainer, classes_).sqrt().sqrt().reciprocal();
      margins_ = largest_ * (shares / std::get<0>(shares.max(1, true))).to(at::kFloat);
    }
    const Tensor margin = by_class(margins_, batch).unsqueeze(2);  // [K, E * B, 1]
    const Tensor label = batch.y.flatten(1).unsqueeze(2);
    Output moved = output;
    if (batch.task == Task::binary) {
      moved.logits = scale_ * (output.logits - margin * (2 * label - 1));
    } else {
      const Tensor own = at::arange(classes_, label.options()).eq(label);
      moved.logits = scale_ * (output.logits - margin * own);
    }
    return row_mean(row_losses(moved, batch), batch) + l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override { visit("margins", margins_); }

 private:
  Tensor largest_;  // [K, 1]
  Tensor scale_;    // [K, 1, 1]
  Tensor l2_;
  std::int64_t classes_;
  Tensor margins_;  // [K, C]
};

}  // namespace

void register_ldam(Catalog& catalog);
void register_ldam(Catalog& catalog) {
  catalog.methods.add<Ldam>("ldam", "Asks for larger margins on rows of rare classes.",
                            "Cao et al. 2019, arXiv:1906.07413");
}

}  // namespace spurion::methods
