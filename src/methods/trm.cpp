#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"

namespace spurion::methods {
namespace {

using engine::batched_matmul;
using engine::Transpose;

struct TrmOptions : L2Option {
  PerReplica<double> alignment_weight = 1e-4;
  PerReplica<std::int64_t> warmup_steps = 200;
  PerReplica<double> step_size = 0.01;
};

/// Rows of several parts, each with a head of its own: features with a last number that is 1.
struct HeadRows {
  Tensor x;       ///< [P, B, F + 1]
  Tensor label;   ///< [P, B, C]: 1 for the class of a row, else 0
  Tensor weight;  ///< [P, B, 1]: of each row in the mean over B rows
};

Tensor probabilities(const Tensor& logits) {
  const Tensor powers = losses::exp(logits - std::get<0>(logits.detach().max(-1, true)));
  return powers / powers.sum(-1, true);
}

Tensor head_products(const Tensor& x, const Tensor& heads) {
  return batched_matmul(x, Transpose::no, heads, Transpose::no);
}

/// The gradient of the mean cross-entropy by each head [P, F + 1, C].
Tensor head_gradients(const HeadRows& rows, const Tensor& heads) {
  const Tensor slopes = (probabilities(head_products(rows.x, heads)) - rows.label) * rows.weight;
  return batched_matmul(rows.x, Transpose::yes, slopes, Transpose::no) /
         static_cast<double>(rows.x.size(1));
}

/// The same without the biases, the last row of a head.
Tensor without_bias(const Tensor& heads) {
  const std::int64_t features = heads.size(1) - 1;
  return at::cat({heads.narrow(1, 0, features), at::zeros_like(heads.narrow(1, features, 1))}, 1);
}

/// Transfer risk minimisation (Xu & Jaakkola 2021; as in DomainBed): a head that is best for one
/// domain shall be good for the others. Each domain Q has a head v_Q of its own on the features; at
/// every step all heads make 30 steps of gradient descent on the risks R_Q(v_Q) of the minibatch,
/// at rate 0.1. The features and the last layer of the model then minimise R + T, where T does not
/// reach the heads:
///
///     T = mean_Q ( sum_{P != Q} a_QP R_P(v_Q) - lambda h_Q . dR_Q/dv_Q ),
///     h_Q = sum_{t = 0..10} (1 - H_Q)^t g_Q,    g_Q = d/dv_Q sum_{P != Q} a_QP R_P(v_Q),
///
/// derivatives by the weights of v_Q without its bias. H_Q is the second derivative of R_Q(v_Q), so
/// h_Q approximates H_Q^-1 g_Q; h_Q is a constant. The sum ends early once a number of it is beyond
/// 10. The weights a_QP grow as q of `group_dro`: times exp(eta a_QP R_P(v_Q)) after a step, and
/// sum_P a_QP = 1 at its beginning. Before `warmup_steps` it is ERM. With one domain it is ERM.
///
/// Constants, defaults and ranges are DomainBed's. Its code changes g_Q in place, so that there h_Q
/// begins with (1 - H_Q) g_Q twice in place of g_Q + (1 - H_Q) g_Q; here it is the formula. One
/// logit z of a binary label counts as two, as everywhere in DomainBed: heads have an output for
/// each class. Of a model that is linear in its inputs the features are the inputs, so T changes
/// nothing.
class Trm final : public Method {
 public:
  using Options = TrmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("alignment_weight", &O::alignment_weight,
                   "Multiplier lambda of the product of gradients.", at_least(0),
                   log_uniform(1e-5, 1.0))
            .field("warmup_steps", &O::warmup_steps, "Steps of ERM at the beginning.", at_least(0),
                   log_uniform_integer(1, 10000))
            .field("step_size", &O::step_size, "Step size eta of the ascent on the weights a.",
                   at_least(0), log_uniform(1e-3, 1e-1))
            .include(L2Option::schema());
    return schema;
  }

  Trm(const Options& options, const MethodContext& context)
      : classes_(classes_of("trm", context)),
        alignment_(per_replica_tensor(options.alignment_weight, context)),
        warmup_(per_replica_tensor(options.warmup_steps, context)),
        step_size_(per_replica_tensor(options.step_size, context)),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("heads")) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] double cost_factor() const override { return 2.0; }
  /// Heads are at most as large as the parameters or, for two classes, twice the activations.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 64.0 * (sizes.activations + sizes.parameters) + 4.0 * sizes.batch_rows * sizes.logits;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    Tensor loss = domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
    const Tensor begun = warmup_.le(static_cast<double>(trainer.step()));
    if (batch.domains > 1 && begun.any().item<bool>()) {
      const Tensor transfer = transfer_risk(output, batch, begun, trainer);
      loss = loss + at::where(begun, transfer, at::zeros_like(transfer));
    }
    trainer.step_from_losses(loss);
  }

  void visit_state(StateVisitor& visit) override {
    visit("heads", heads_);
    visit("pair_weights", pair_weights_);
  }

 private:
  static constexpr std::int64_t kHeadSteps = 30;
  static constexpr double kHeadRate = 0.1;
  static constexpr std::int64_t kTerms = 10;
  static constexpr double kLargest = 10.0;

  /// Heads [K, E, F + 1, C], each weight and bias from U(-1/sqrt(F), 1/sqrt(F)).
  [[nodiscard]] Tensor fresh_heads(std::int64_t domains, std::int64_t features) const {
    Tensor out =
        at::empty({static_cast<std::int64_t>(keys_.size()), domains, features + 1, classes_});
    const double bound = 1.0 / std::sqrt(static_cast<double>(features));
    float* value = out.data_ptr<float>();
    for (const RandomKey& key : keys_) {
      const RandomStream stream(key);
      const std::int64_t count = domains * (features + 1) * classes_;
      for (std::int64_t i = 0; i < count; ++i) {
        *value++ = static_cast<float>(bound * (2.0 * stream.uniform(i) - 1.0));
      }
    }
    return out;
  }

  /// T, [K]; moves the heads and the weights of the replicas that have begun.
  [[nodiscard]] Tensor transfer_risk(const Output& output, const Batch& batch, const Tensor& begun,
                                     const ReplicaTrainer& trainer) {
    const Tensor f = domain_features(output, batch);  // [K, E, B, F]
    const std::int64_t replicas = f.size(0);
    const std::int64_t domains = batch.domains;
    if (!heads_.defined()) {
      heads_ = fresh_heads(domains, f.size(3)).to(f.device());
      pair_weights_ = (1.0 - at::eye(domains, f.options())).repeat({replicas, 1, 1});
    }
    const Tensor x = at::cat({f, at::ones_like(f.narrow(3, 0, 1))}, 3);
    const Tensor each_class = at::arange(classes_, batch.y.options());
    const Tensor label =
        batch.y.unsqueeze(3).eq(each_class).to(f.scalar_type()).expand({replicas, -1, -1, -1});
    const Tensor weight =
        batch.weight.defined() ? batch.weight.unsqueeze(3) : at::ones({1, 1, 1, 1}, f.options());
    const Tensor counted = weight.expand({replicas, domains, batch.rows_per_domain, 1});
    const Tensor kept = begun.reshape({-1, 1, 1, 1});
    const Tensor raised = pair_weights_ / pair_weights_.sum(2, true);
    pair_weights_ = at::where(kept.squeeze(3), raised, pair_weights_);
    heads_ = at::where(kept, fitted({x.detach(), label, counted}), heads_);
    trainer.count_flops(4.0 * static_cast<double>(kHeadSteps * x.numel() * classes_));

    Tensor sum = at::zeros({replicas}, f.options());
    Tensor grown = pair_weights_.clone();
    for (std::int64_t q = 0; q < domains; ++q) {
      const Tensor head = heads_.select(1, q).contiguous();        // [K, F + 1, C]
      const Tensor pairs = pair_weights_.select(1, q);             // [K, E]; 0 for q itself
      const Tensor logits = head_products(x.flatten(1, 2), head);  // [K, E * B, C]
      const Tensor rows = losses::row_loss(Task::multiclass, logits, batch.y.flatten(1))
                              .reshape(f.sizes().slice(0, 3));
      const Tensor risks = row_means(rows.unsqueeze(3) * counted).squeeze(2);  // [K, E]
      sum = sum + (pairs * risks).sum(1) -
            alignment_ * alignment({x.select(1, q), label.select(1, q), counted.select(1, q)}, head,
                                   pair_gradient({x, label, counted}, head, pairs));
      const Tensor growth = losses::exp(step_size_.unsqueeze(1) * pairs * risks.detach());
      grown.select(1, q).mul_(growth);
    }
    pair_weights_ = at::where(kept.squeeze(3), grown, pair_weights_);
    return sum / static_cast<double>(domains);
  }

  /// The heads after their descent on the rows of their domains: of rows [K, E, B, ...].
  [[nodiscard]] Tensor fitted(const HeadRows& rows) const {
    const at::NoGradGuard no_grad;
    const HeadRows flat{rows.x.flatten(0, 1).contiguous(), rows.label.flatten(0, 1),
                        rows.weight.flatten(0, 1)};
    Tensor heads = heads_.flatten(0, 1).contiguous();
    for (std::int64_t i = 0; i < kHeadSteps; ++i) {
      heads = heads - kHeadRate * head_gradients(flat, heads);
    }
    return heads.reshape(heads_.sizes());
  }

  /// g_Q, [K, F + 1, C] with 0 for the biases.
  [[nodiscard]] static Tensor pair_gradient(const HeadRows& rows, const Tensor& head,
                                            const Tensor& pairs) {
    const at::NoGradGuard no_grad;
    const std::int64_t domains = rows.x.size(1);
    // The mean over the rows of a domain is `domains` times its part in the mean over all rows.
    const Tensor weight =
        rows.weight * pairs.reshape({-1, domains, 1, 1}) * static_cast<double>(domains);
    return without_bias(head_gradients({rows.x.detach().flatten(1, 2).contiguous(),
                                        rows.label.flatten(1, 2), weight.flatten(1, 2)},
                                       head));
  }

  /// h_Q . dR_Q/dv_Q, [K], of the rows [K, B, ...] of domain Q; differentiable in the features.
  [[nodiscard]] static Tensor alignment(const HeadRows& rows, const Tensor& head,
                                        const Tensor& gradient) {
    const Tensor direction = solved(rows, head, gradient);
    // The product of a gradient with a direction is the derivative along it.
    const Tensor slopes = (probabilities(head_products(rows.x.contiguous(), head)) - rows.label);
    const Tensor along = (slopes * head_products(rows.x.contiguous(), direction)).sum(2, true);
    return row_means((along * rows.weight).unsqueeze(1)).reshape({-1});
  }

  /// h_Q.
  [[nodiscard]] static Tensor solved(const HeadRows& rows, const Tensor& head,
                                     const Tensor& gradient) {
    const at::NoGradGuard no_grad;
    const Tensor x = rows.x.detach().contiguous();
    const Tensor p = probabilities(head_products(x, head));
    Tensor term = gradient;
    Tensor sum = gradient;
    for (std::int64_t t = 0; t < kTerms; ++t) {
      const Tensor goes_on = sum.abs().flatten(1).amax(1).le(kLargest).reshape({-1, 1, 1});
      const Tensor change = head_products(x, term);
      const Tensor curved = (p * (change - (p * change).sum(2, true))) * rows.weight;
      const Tensor product =
          batched_matmul(x, Transpose::yes, curved, Transpose::no) / static_cast<double>(x.size(1));
      term = term - without_bias(product);
      sum = at::where(t == 0 ? at::ones_like(goes_on) : goes_on, sum + term, sum);
    }
    return sum;
  }

  std::int64_t classes_;
  Tensor alignment_;
  Tensor warmup_;
  Tensor step_size_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
  Tensor heads_;         // [K, E, F + 1, C]: weights, then biases
  Tensor pair_weights_;  // [K, E, E]
};

}  // namespace

void register_trm(Catalog& catalog);
void register_trm(Catalog& catalog) {
  catalog.methods.add<Trm>("trm", "A head that is best for one domain shall be good for others.",
                           "Xu & Jaakkola 2021, arXiv:2110.09940");
}

}  // namespace spurion::methods
