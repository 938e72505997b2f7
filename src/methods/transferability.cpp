#include <ATen/ATen.h>

#include <cmath>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/affine_head.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct TransferabilityOptions : L2Option {
  PerReplica<double> gap_weight = 1.0;
  PerReplica<double> radius = 2.0;
  std::int64_t ascent_steps = 10;
  PerReplica<double> ascent_rate = 1e-3;
};

/// Transferability (Zhang et al. 2021, algorithm 1; as in DomainBed): no last layer near the
/// model's shall be much better in one domain than in another. With G(h) = max_e R_e(h) - min_e
/// R_e(h) for a last layer h on the features, an adversary h' begins as the model's last layer and
/// makes `ascent_steps` steps of gradient ascent on lambda G, each followed by a projection onto
/// the ball of radius delta around the model's last layer. Then the model minimises R + lambda
/// G(h'), where h' is a constant: the second term trains the features. With one domain G is 0.
///
/// Defaults and ranges are DomainBed's. Its code ascends after the update, for the next minibatch,
/// and makes two updates of the features at each step, one for each term; here both terms and the
/// adversary have the minibatch of one update. One logit of a binary label counts as two, as in
/// DomainBed: half of the logit and minus half of it.
class Transferability final : public Method {
 public:
  using Options = TransferabilityOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("gap_weight", &O::gap_weight, "Multiplier lambda of the gap between domains.",
                   at_least(0), log_uniform(1e-2, 1e1))
            .field("radius", &O::radius,
                   "Largest distance delta of the adversary from the last layer.", at_least(0),
                   uniform(0.1, 3.0))
            .field("ascent_steps", &O::ascent_steps, "Steps of the adversary for each update.",
                   between(0, 1000), choice({std::int64_t{1}, std::int64_t{2}, std::int64_t{5}}))
            .field("ascent_rate", &O::ascent_rate, "Step size of the adversary.", positive(),
                   log_uniform(3e-5, 3e-3))
            .include(L2Option::schema());
    return schema;
  }

  Transferability(const Options& options, const MethodContext& context)
      : context_(context),
        steps_(options.ascent_steps),
        weight_(per_replica_tensor(options.gap_weight, context)),
        radius_(per_replica_tensor(options.radius, context)),
        rate_(per_replica_tensor(options.ascent_rate, context)),
        l2_(per_replica_tensor(options.l2, context)) {
    if (context.task != Task::binary) return;
    // Of two logits a and -a of one logit 2 a: their steps move the logit twice as far, and their
    // distance is that of the logit over sqrt(2).
    rate_ = 2.0 * rate_;
    radius_ = std::sqrt(2.0) * radius_;
  }

  void check(const Model& model) const override {
    require_affine_head("transferability", model, context_);
  }
  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] double cost_factor() const override { return 1.5; }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const Tensor f = domain_features(output, batch).flatten(1, 2);  // [K, R, F]
    const AffineHead model =
        affine_head("transferability", trainer.model(), trainer.parameters().detach(), output);
    const AffineHead adversary = ascended(model, f.detach(), batch);
    trainer.count_flops(4.0 * static_cast<double>(steps_ * f.numel() * model.weights.size(2)));
    Output judged;
    judged.features = f;
    judged.logits = head_logits(adversary, f);
    const Tensor risks = domain_risks(judged, batch);
    const Tensor gap = (risks * extremes(risks)).sum(1);
    trainer.step_from_losses(domain_risks(output, batch).mean(1) + weight_ * gap +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// 1 for the domain of largest risk, -1 for that of least, 0 for others, [K, E].
  static Tensor extremes(const Tensor& risks) {
    const at::NoGradGuard no_grad;
    const Tensor each = at::arange(risks.size(1), at::device(risks.device())).unsqueeze(0);
    const Tensor values = risks.detach();
    return each.eq(values.argmax(1, true)).to(values.scalar_type()) -
           each.eq(values.argmin(1, true)).to(values.scalar_type());
  }

  /// The adversary of this minibatch.
  [[nodiscard]] AffineHead ascended(const AffineHead& model, const Tensor& f,
                                    const Batch& batch) const {
    const at::NoGradGuard no_grad;
    AffineHead head{model.weights.contiguous(), model.biases};
    const Tensor one = at::ones({1, 1, f.size(1)}, f.options());
    const Tensor rate = (rate_ * weight_).reshape({-1, 1, 1});
    for (std::int64_t i = 0; i < steps_; ++i) {
      Output output;
      output.features = f;
      output.logits = head_logits(head, f);
      const Tensor sign =
          extremes(domain_risks(output, batch)) / static_cast<double>(batch.rows_per_domain);
      Tensor counted = sign.unsqueeze(2).expand({-1, -1, batch.rows_per_domain}).flatten(1);
      if (batch.weight.defined()) counted = counted * batch.weight.flatten(1);
      const Tensor slopes = (logit_gradients(output, batch) * counted.unsqueeze(2)).contiguous();
      const Tensor by_weights =
          engine::batched_matmul(f, engine::Transpose::yes, slopes, engine::Transpose::no);
      head.weights = head.weights + rate * by_weights;
      if (head.biases.defined()) {
        const Tensor by_biases =
            engine::batched_matmul(one, engine::Transpose::no, slopes, engine::Transpose::no);
        head.biases = head.biases + (rate * by_biases).squeeze(1);
      }
      project(model, head);
    }
    return head;
  }

  /// Puts a head where the line from it to the model's enters the ball.
  void project(const AffineHead& model, AffineHead& head) const {
    const Tensor moved = head.weights - model.weights;
    Tensor all = moved.flatten(1);
    if (head.biases.defined()) all = at::cat({all, head.biases - model.biases}, 1);
    const Tensor distance =
        mean_squares(all.unsqueeze(1)).squeeze(1) * static_cast<double>(all.size(1));
    const Tensor length = distance.sqrt();
    const Tensor share =
        at::where(length.gt(radius_), radius_ / length.clamp_min(1e-30), at::ones_like(length));
    head.weights = model.weights + share.reshape({-1, 1, 1}) * moved;
    if (head.biases.defined()) {
      head.biases = model.biases + share.unsqueeze(1) * (head.biases - model.biases);
    }
  }

  MethodContext context_;
  std::int64_t steps_;
  Tensor weight_;
  Tensor radius_;
  Tensor rate_;
  Tensor l2_;
};

}  // namespace

void register_transferability(Catalog& catalog);
void register_transferability(Catalog& catalog) {
  catalog.methods.add<Transferability>(
      "transferability", "No last layer nearby is much better in one domain than another.",
      "Zhang et al. 2021, arXiv:2106.03632");
}

}  // namespace spurion::methods
