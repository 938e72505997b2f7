#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "methods/shared/affine_head.hpp"
#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/pair_sums.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct SagNetOptions : L2Option {
  PerReplica<double> adversary_weight = 0.1;
};

/// Style-agnostic network (Nam et al. 2021; as in DomainBed): mean and standard deviation of a
/// row's features are its style, what is left its content. Each row i has another row j of the
/// minibatch at random.
///
///  - The model minimises the loss of its last layer on features with the content of i and a mixed
///    style, s mean_i + (1 - s) mean_j and the same of the variances, s uniform in [0, 1).
///  - A style head minimises its loss on features with the style of i and the content of j.
///  - The features, in the same update as the model, maximise the uncertainty of the style head:
///    they minimise w times its mean cross-entropy to equal probabilities of all classes.
///
/// Variances are over a row's features, divided by their number less 1; 1e-5 is added to them. w
/// and its range are DomainBed's, and so are features that are vectors: the authors take the
/// statistics of the channels of images. DomainBed updates the features twice at each step, and the
/// style head between; here the style head moves first, and the features once.
class SagNet final : public Method {
 public:
  using Options = SagNetOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema = Schema<O>()
                                   .field("adversary_weight", &O::adversary_weight,
                                          "Multiplier w of the uncertainty of the style head.",
                                          at_least(0), log_uniform(1e-2, 1e1))
                                   .include(L2Option::schema());
    return schema;
  }

  SagNet(const Options& options, const MethodContext& context)
      : context_(context),
        style_("style", {context.outputs, /*depth=*/0}),
        weight_(per_replica_tensor(options.adversary_weight, context)),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("mix")) {
    static_cast<void>(classes_of("sagnet", context));
  }

  void check(const Model& model) const override { require_affine_head("sagnet", model, context_); }
  [[nodiscard]] double cost_factor() const override { return 1.2; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    return {style_.block(PerceptronInputs::of(model, context_), context_)};
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const Tensor f = domain_features(output, batch).flatten(1, 2);  // [K, R, F]
    const Draws draws = drawn(trainer.step(), f.size(1), f.device());
    Output content;
    content.logits =
        head_logits(affine_head("sagnet", trainer.model(), trainer.parameters(), output),
                    with_mixed_style(f, draws));
    const Tensor styled = with_other_content(f, draws);
    Output guess;
    guess.logits = style_(trainer, styled.detach());
    trainer.step_own(style_.name(), row_mean(row_losses(guess, batch), batch));
    const Tensor uncertain = row_mean(indecision(batch.task, style_(trainer, styled)), batch);
    trainer.step_from_losses(row_mean(row_losses(content, batch), batch) + weight_ * uncertain +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  static constexpr double kSmall = 1e-5;

  /// The other row of each row, int64 [K, R], and the share of its own style, [K, R, 1].
  struct Draws {
    Tensor other;
    Tensor share;
  };
  /// Mean and variance of the features of each row, [K, R, 1].
  struct Style {
    Tensor mean;
    Tensor variance;
  };

  [[nodiscard]] Draws drawn(std::int64_t step, std::int64_t rows, Device device) const {
    std::vector<Tensor> other;
    std::vector<Tensor> share;
    for (const RandomKey& key : keys_) {
      const RandomKey own = key.child(static_cast<std::uint64_t>(step));
      other.push_back(at::tensor(permutation(own.child("other"), rows), at::kLong));
      Tensor shares = at::empty({rows, 1});
      const RandomStream stream(own.child("share"));
      for (std::int64_t i = 0; i < rows; ++i) {
        shares.data_ptr<float>()[i] = static_cast<float>(stream.uniform(i));
      }
      share.push_back(shares);
    }
    return {at::stack(other).to(device), at::stack(share).to(device)};
  }

  static Style style_of(const Tensor& f) {
    const auto count = static_cast<double>(f.size(2));
    Style style;
    style.mean = (last_sums(f) / count).unsqueeze(2);
    const Tensor centred = f - style.mean;
    style.variance = (last_sums(centred * centred) / std::max(count - 1.0, 1.0)).unsqueeze(2);
    return style;
  }
  static Tensor content_of(const Tensor& f, const Style& style) {
    return (f - style.mean) / (style.variance + kSmall).sqrt();
  }
  /// Rows `number` [K, R] of values [K, R, Q].
  static Tensor rows_at(const Tensor& values, const Tensor& number) {
    return values.gather(1, number.unsqueeze(2).expand_as(values));
  }

  static Tensor with_mixed_style(const Tensor& f, const Draws& draws) {
    const Style style = style_of(f);
    const auto mixed = [&](const Tensor& own) {
      return draws.share * own + (1.0 - draws.share) * rows_at(own, draws.other);
    };
    return content_of(f, style) * (mixed(style.variance) + kSmall).sqrt() + mixed(style.mean);
  }
  /// The content is a constant: what is trained through it is the style.
  static Tensor with_other_content(const Tensor& f, const Draws& draws) {
    const Style style = style_of(f);
    const Tensor other = rows_at(content_of(f, style), draws.other).detach();
    return other * (style.variance + kSmall).sqrt() + style.mean;
  }

  /// The mean over the classes of minus the logarithm of their probability, [K, R].
  static Tensor indecision(Task task, const Tensor& logits) {
    if (task == Task::binary) {
      const Tensor z = logits.select(2, 0);
      return 0.5 * (losses::softplus(z) + losses::softplus(-z));
    }
    const Tensor shifted = logits - std::get<0>(logits.detach().max(2, true));
    const auto classes = static_cast<double>(logits.size(2));
    return losses::log(losses::exp(shifted).sum(2)) - shifted.sum(2) / classes;
  }

  MethodContext context_;
  OwnPerceptron style_;
  Tensor weight_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_sagnet(Catalog& catalog);
void register_sagnet(Catalog& catalog) {
  catalog.methods.add<SagNet>("sagnet", "Learns from features whose mean and variance are mixed.",
                              "Nam et al. 2021, arXiv:1910.11645");
}

}  // namespace spurion::methods
