#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/beta_draw.hpp"
#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct SelfRegOptions : L2Option {
  PerReplica<double> feature_weight = 0.3;
  PerReplica<double> concentration = 0.5;
};

/// SelfReg (Kim et al. 2021): rows of a class shall have the same logits and features. Each row i
/// has two random rows j, k of its class in the minibatch, of whatever domain. With one s from
/// Beta(a, a) a step and v_jk = s v_j + (1 - s) v_k,
///
///     L = R + min(R, 1) (s I + (1 - s) H),
///     I = mean (z_i - z_j)^2 + w mean (f_i - g(f_j))^2,
///     H = mean (z_i - z_jk)^2 + w mean (f_i - g(f)_jk)^2,
///
/// with logits z, features f, and a perceptron g of two hidden layers, as wide as twice the
/// features. The means are over rows, and over their logits or features; the one logit z of a
/// binary label counts as the two logits z / 2 and -z / 2. w = 0.3 and a = 0.5 are the authors'.
/// Here g is without batch normalisation, and is trained with the model; DomainBed's code never
/// updates g. Of the paper's schedule of weight averages and curricula over domains nothing is
/// used, as in DomainBed.
class SelfReg final : public Method {
 public:
  using Options = SelfRegOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("feature_weight", &O::feature_weight,
                   "Weight w of the features beside the logits.", at_least(0),
                   log_uniform(0.03, 3.0))
            .field("concentration", &O::concentration,
                   "Parameter a of the distribution Beta(a, a) of the shares.", positive(),
                   log_uniform(1e-1, 1e1))
            .include(L2Option::schema());
    return schema;
  }

  SelfReg(const Options& options, const MethodContext& context)
      : context_(context),
        concentration_(options.concentration),
        feature_weight_(per_replica_tensor(options.feature_weight, context)),
        l2_(per_replica_tensor(options.l2, context)),
        classes_(classes_of("self_reg", context)),
        keys_(context.child_keys("pairs")) {}

  [[nodiscard]] double cost_factor() const override { return 1.5; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    const PerceptronInputs inputs = PerceptronInputs::of(model, context_);
    return {projection(inputs.features).block(inputs, context_)};
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const std::int64_t features = output.features.size(2);
    const Tensor f = domain_features(output, batch).flatten(1, 2);  // [K, E * B, F]
    const Tensor g = projection(features)(trainer, f);
    const Pairs pairs = draw(batch, trainer.step());
    const Tensor s = pairs.share;  // [K]
    const auto of_pairs = [&](const Tensor& own, const Tensor& other) {
      const Tensor first = rows_at(other, pairs.first);
      const Tensor share = s.reshape({-1, 1, 1});
      const Tensor mixed = share * first + (1.0 - share) * rows_at(other, pairs.second);
      return s * row_mean(mean_squares(own - first), batch) +
             (1.0 - s) * row_mean(mean_squares(own - mixed), batch);
    };
    // Of one logit z for two classes: ((z_i - z_j) / 2)^2.
    const double scale = batch.task == Task::binary ? 0.5 : 1.0;
    const Tensor z = scale * output.logits;
    const Tensor risk = row_mean(row_losses(output, batch), batch);
    const Tensor term = of_pairs(z, z) + feature_weight_ * of_pairs(f, g);
    trainer.step_with_own(risk + risk.detach().clamp_max(1.0) * term +
                          l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// The two other rows of each row, int64 [K, E * B], and the share of the first, [K].
  struct Pairs {
    Tensor first;
    Tensor second;
    Tensor share;
  };

  [[nodiscard]] static OwnPerceptron projection(std::int64_t features) {
    return {"projection", {features, 2, 2 * features, true}};
  }
  /// Rows `number` [K, N] of values [K, N, Q].
  static Tensor rows_at(const Tensor& values, const Tensor& number) {
    return values.gather(1, number.unsqueeze(2).expand_as(values));
  }

  [[nodiscard]] Pairs draw(const Batch& batch, std::int64_t step) const {
    // A row of weight 0 is in none of the classes, so it is no row's partner.
    const Tensor label = counted_classes(batch, classes_).to(at::kCPU);
    const std::int64_t rows = label.size(1);
    std::vector<Tensor> first;
    std::vector<Tensor> second;
    std::vector<float> share;
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      const RandomKey key = keys_[k].child(static_cast<std::uint64_t>(step));
      const auto set = label.size(0) == 1 ? 0 : static_cast<std::int64_t>(k);
      const std::int64_t* own = label.data_ptr<std::int64_t>() + set * rows;
      first.push_back(partners(key.child("first"), own, rows));
      second.push_back(partners(key.child("second"), own, rows));
      share.push_back(static_cast<float>(
          beta_draw(key.child("share"), concentration_.at(static_cast<std::int64_t>(k)))));
    }
    const Device device = batch.x.device();
    return {at::stack(first).to(device), at::stack(second).to(device),
            at::tensor(share).to(device)};
  }

  /// A permutation of the rows that keeps each row's class, int64 [N].
  [[nodiscard]] Tensor partners(const RandomKey& key, const std::int64_t* label,
                                std::int64_t rows) const {
    Tensor partner = at::arange(rows, at::kLong);
    auto* out = partner.data_ptr<std::int64_t>();
    for (std::int64_t c = 0; c < classes_; ++c) {
      std::vector<std::int64_t> members;
      for (std::int64_t i = 0; i < rows; ++i) {
        if (label[i] == c) members.push_back(i);
      }
      const auto order = permutation(key.child(static_cast<std::uint64_t>(c)),
                                     static_cast<std::int64_t>(members.size()));
      for (std::size_t i = 0; i < members.size(); ++i) {
        out[members[i]] = members[static_cast<std::size_t>(order[i])];
      }
    }
    return partner;
  }

  MethodContext context_;
  PerReplica<double> concentration_;
  Tensor feature_weight_;
  Tensor l2_;
  std::int64_t classes_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_self_reg(Catalog& catalog);
void register_self_reg(Catalog& catalog) {
  catalog.methods.add<SelfReg>("self_reg", "Pulls logits and features of a class together.",
                               "Kim et al. 2021, arXiv:2104.09841");
}

}  // namespace spurion::methods
