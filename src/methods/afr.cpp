#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "methods/shared/head_refit.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/linear_head.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct AfrOptions : L2Option {
  double held_out_share = 0.2;
  PerReplica<double> sharpness = 1.44;
  PerReplica<double> anchor = 0.001;
  std::int64_t refit_steps = 500;
  PerReplica<double> refit_learning_rate = 0.01;
  double refit_clip_norm = 1.0;
};

/// Automatic feature reweighting (Qiu et al. 2023). ERM on 80 % of the training rows. After the
/// last step the last layer is trained on the other 20 % by gradient descent on all of them at
/// once, from where it is: L = sum_i m_i CE_i + lambda ||theta - theta_0||^2, with m_i proportional
/// to exp(-gamma p_i) / n_y, of sum 1: p_i is the probability that the ERM model gives to the label
/// of the row, n_y the rows of its class. The refit is evaluated.
///
/// Defaults are those of the paper for CelebA; for Waterbirds gamma is 10 and lambda 0. The paper
/// chooses gamma, lambda and an early stop by the worst group of validation rows: here a selector
/// does. A large gamma suits data without label noise: else the rows that ERM predicts badly are
/// mostly wrong labels. Two classes have one logit here; its gradient step is half of that of the
/// difference of two logits at the same rate, and lambda counts for it as 2 lambda there. The rows
/// that are held out lie in the minibatches and have no loss. Measurements before the last step are
/// those of the ERM model.
class Afr final : public Method {
 public:
  using Options = AfrOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("held_out_share", &O::held_out_share,
                   "Share of the training rows that only refit the last layer.",
                   Bounds{0.0, 1.0, true, true, {}})
            .field("sharpness", &O::sharpness,
                   "Factor gamma of the probability of the label in the weight exp(-gamma p).",
                   at_least(0), log_uniform(1, 20))
            .field("anchor", &O::anchor,
                   "Multiplier lambda of the squared distance of the last layer from where it was.",
                   at_least(0), uniform(0, 0.4))
            .field("refit_steps", &O::refit_steps, "Updates of the last layer in the refit.",
                   between(0, 1e6))
            .field("refit_learning_rate", &O::refit_learning_rate, "Step size of the refit.",
                   positive())
            .field("refit_clip_norm", &O::refit_clip_norm,
                   "Gradient norm of the refit is clipped to this; 0 means no clipping.",
                   at_least(0))
            .include(L2Option::schema());
    return schema;
  }

  Afr(const Options& options, const MethodContext& context)
      : options_(options),
        steps_(context.steps),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("held out")) {
    if (context.task == Task::regression) throw UsageError("afr needs classes");
  }

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    // A mark of each row; features of those that are held out, in float32 and float64.
    return sizes.training_rows * (8.0 + options_.held_out_share * 3.0 * sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (!trained_.defined()) divide(trainer);
    const Tensor output_losses = row_losses(trainer.forward(batch.x), batch);
    const Tensor counts = table_rows(trained_, batch);
    const auto rows = static_cast<double>(batch.domains * batch.rows_per_domain);
    const Tensor share = rows / counts.flatten(1).sum(1).clamp_min(1.0);
    const Tensor weights = counts * share.reshape({-1, 1, 1});
    trainer.step_from_losses(row_mean(output_losses * weights, batch) +
                             l2_penalty(l2_, trainer.parameters()));
    if (trainer.step() == steps_) refit(trainer);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& /*trainer*/) const override {
    return head_.evaluated();
  }
  void visit_state(StateVisitor& visit) override { head_.visit_state(visit); }

 private:
  /// Marks the rows that are trained on. They follow from the keys, so they are no state.
  void divide(const ReplicaTrainer& trainer) {
    const std::int64_t rows = trainer.training_rows();
    trained_ = at::ones({trainer.replicas(), rows});
    if (rows > 1) {
      const auto asked = static_cast<std::int64_t>(
          std::llround(options_.held_out_share * static_cast<double>(rows)));
      const std::int64_t held_out = std::clamp<std::int64_t>(asked, 1, rows - 1);
      for (std::size_t k = 0; k < keys_.size(); ++k) {
        const auto order = permutation(keys_[k], rows);
        float* own = trained_.data_ptr<float>() + static_cast<std::int64_t>(k) * rows;
        for (std::int64_t i = 0; i < held_out; ++i) own[order[static_cast<std::size_t>(i)]] = 0.0F;
      }
    }
    trained_ = trained_.to(trainer.device());
  }

  /// The held-out rows of one replica, part after part.
  struct Part {
    std::vector<Tensor> x;       // [n, F] each
    std::vector<Tensor> logits;  // [n, C] each
    std::vector<Tensor> label;   // [n] each
  };

  void refit(ReplicaTrainer& trainer) {
    const std::int64_t replicas = trainer.replicas();
    std::vector<Part> parts(static_cast<std::size_t>(replicas));
    const Tensor marks = trained_.to(at::kCPU);
    trainer.over_training_rows([&](const Batch& rows) {
      const Output output = trainer.forward(rows.x);
      const Tensor features = output.features.to(at::kCPU, at::kDouble);
      const Tensor logits = output.logits.to(at::kCPU, at::kDouble);
      const Tensor labels = rows.y.flatten(1).to(at::kCPU);
      const Tensor numbers = rows.number.flatten(1).to(at::kCPU);
      for (std::int64_t k = 0; k < replicas; ++k) {
        const auto own = [k](const Tensor& values) { return values[values.size(0) == 1 ? 0 : k]; };
        const Tensor trained = marks[k].index_select(0, own(numbers));
        // Of one row alone the refit has the same.
        const Tensor chosen =
            marks.size(1) == 1 ? at::zeros({1}, at::kLong) : trained.eq(0).nonzero().flatten();
        Part& part = parts[static_cast<std::size_t>(k)];
        part.x.push_back(own(features).index_select(0, chosen));
        part.logits.push_back(own(logits).index_select(0, chosen));
        part.label.push_back(own(labels).index_select(0, chosen));
      }
    });
    const std::int64_t width = parts.front().x.front().size(1);
    const std::int64_t outputs = parts.front().logits.front().size(1);
    const Tensor weights = at::zeros({replicas, width, outputs}, at::kDouble);
    const Tensor bias = at::zeros({replicas, outputs}, at::kDouble);
    for (std::int64_t k = 0; k < replicas; ++k) {
      const RefitRows rows = rows_of(parts[static_cast<std::size_t>(k)], k);
      if (rows.x.empty()) continue;
      RefitDescent descent;
      descent.steps = options_.refit_steps;
      descent.rate = options_.refit_learning_rate.at(k);
      descent.anchor = options_.anchor.at(k);
      descent.clip_norm = options_.refit_clip_norm;
      const RefitAddend addend = refit_head(rows, descent);
      std::copy(addend.weights.begin(), addend.weights.end(), weights[k].data_ptr<double>());
      std::copy(addend.bias.begin(), addend.bias.end(), bias[k].data_ptr<double>());
      trainer.count_flops(static_cast<double>(4 * descent.steps * rows.count() * (width + 1)) *
                          static_cast<double>(outputs));
    }
    head_.fit(weights, bias, trainer.device());
  }

  /// Without rows for a replica whose numbers are not finite: nothing of it is evaluated.
  [[nodiscard]] RefitRows rows_of(const Part& part, std::int64_t k) const {
    RefitRows rows;
    const Tensor x = at::cat(part.x).t().contiguous();
    const Tensor logits = at::cat(part.logits).t().contiguous();
    if (!at::isfinite(x).all().item<bool>() || !at::isfinite(logits).all().item<bool>())
      return rows;
    const Tensor label = at::cat(part.label).contiguous();
    const std::int64_t n = label.size(0);
    rows.features = x.size(0);
    rows.outputs = logits.size(0);
    rows.x.assign(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
    rows.logits.assign(logits.data_ptr<double>(), logits.data_ptr<double>() + logits.numel());
    rows.label.assign(label.data_ptr<std::int64_t>(), label.data_ptr<std::int64_t>() + n);
    std::vector<double> of_class(static_cast<std::size_t>(std::max<std::int64_t>(rows.outputs, 2)));
    for (const std::int64_t own : rows.label) of_class[static_cast<std::size_t>(own)] += 1.0;
    double sum = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto own = static_cast<std::size_t>(rows.label[static_cast<std::size_t>(i)]);
      rows.weight.push_back(std::exp(-options_.sharpness.at(k) * probability(rows, i)) /
                            of_class[own]);
      sum += rows.weight.back();
    }
    // Far below 1 all weights together may be 0: then no row counts more than another.
    for (double& weight : rows.weight) {
      weight = sum > 0.0 ? weight / sum : 1.0 / static_cast<double>(n);
    }
    return rows;
  }

  /// What the model gives to the label of row i.
  static double probability(const RefitRows& rows, std::int64_t i) {
    const std::int64_t n = rows.count();
    const std::int64_t label = rows.label[static_cast<std::size_t>(i)];
    const auto logit = [&](std::int64_t c) {
      return rows.logits[static_cast<std::size_t>(c * n + i)];
    };
    if (rows.outputs == 1) return 1.0 / (1.0 + std::exp(label == 1 ? -logit(0) : logit(0)));
    double sum = 0.0;
    for (std::int64_t c = 0; c < rows.outputs; ++c) sum += std::exp(logit(c) - logit(label));
    return 1.0 / sum;
  }

  Options options_;
  std::int64_t steps_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
  Tensor trained_;  // [K, N]: 1 for rows that are trained on, 0 for held-out ones
  LinearHead head_{LinearHead::Gives::addends};
};

}  // namespace

void register_afr(Catalog& catalog);
void register_afr(Catalog& catalog) {
  catalog.methods.add<Afr>("afr", "Refits the last layer on held-out rows that ERM predicts badly.",
                           "Qiu et al. 2023, arXiv:2306.11074");
}

}  // namespace spurion::methods
