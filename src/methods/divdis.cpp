#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/unlabelled_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct DivDisOptions : L2Option {
  std::int64_t heads = 2;
  PerReplica<double> diversity_weight = 10.0;
  PerReplica<double> balance_weight = 10.0;
  std::string choose = "worst_group";
  std::int64_t validation_rows = 1000;
};

/// Diversify and disambiguate (Lee et al. 2023): several heads on the features, which agree with
/// the labels and are independent of each other on unlabelled rows of the test domain,
///
///     L = mean_h R(h) + a mean_{g < h} I(g; h) + b mean_h KL(p_h || p).
///
/// I(g; h) = sum_cd J_cd log(J_cd / (p_gc p_hd)) is the mutual information of two heads'
/// predictions on the unlabelled rows, with J_cd the mean over the rows of the product of the
/// probabilities that they give to the classes c and d. p_h are the mean probabilities of head h on
/// these rows, p those of all heads on the labelled rows, a constant: no head may call all rows one
/// class. The head of the model is one of the heads.
///
/// In the end one head is chosen. The authors ask for the labels of 16 rows of the test domain;
/// here no method sees such labels. It is the head whose worst group is best on validation rows of
/// the train domains, whose groups it needs to see. With `choose = "mean"` all heads predict
/// together, by the mean of their probabilities, without groups. Before the last step they always
/// do.
///
/// Defaults are those of the authors' code, two heads those of the paper; the ranges are ours. What
/// is trained with rows of the test domain is transductive, before adaptation too.
class DivDis final : public Method {
 public:
  using Options = DivDisOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("heads", &O::heads, "Number of heads.", between(2, 64))
            .field("diversity_weight", &O::diversity_weight,
                   "Multiplier a of the mutual information of two heads.", at_least(0),
                   log_uniform(0.1, 100.0))
            .field("balance_weight", &O::balance_weight,
                   "Multiplier b of the divergence of a head's mean prediction.", at_least(0),
                   log_uniform(0.1, 100.0))
            .field("choose", &O::choose,
                   "What predicts. worst_group: the head that does best on the worst group of "
                   "validation rows. mean: all heads.",
                   one_of({"worst_group", "mean"}))
            .field("validation_rows", &O::validation_rows,
                   "Validation rows of each train domain for that choice, at most.",
                   between(1, 1e9))
            .include(L2Option::schema());
    return schema;
  }

  DivDis(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        diversity_(per_replica_tensor(options.diversity_weight, context)),
        balance_(per_replica_tensor(options.balance_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {
    static_cast<void>(classes_of("divdis", context));
    if (chooses()) require_groups("divdis", context);
    for (std::int64_t h = 1; h < options.heads; ++h) {
      heads_.push_back(OwnPerceptron("head_" + std::to_string(h), {context.outputs, /*depth=*/0}));
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.unlabelled_target = true;
    access.group_labels_validation = chooses();
    access.validation_rows = chooses();
    return access;
  }
  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.unlabelled_target = true;
    return request;
  }
  [[nodiscard]] double cost_factor() const override { return 2.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return unlabelled_bytes(sizes) + (chooses() ? static_cast<double>(options_.validation_rows) *
                                                      (sizes.row + sizes.activations)
                                                : 0.0);
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    std::vector<OwnBlock> blocks;
    for (const OwnPerceptron& head : heads_) {
      blocks.push_back(head.block(PerceptronInputs::of(model, context_), context_));
    }
    return blocks;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const Output target =
        trainer.forward(trainer.unlabelled_target(batch.domains * batch.rows_per_domain));
    const std::vector<Tensor> labelled = logits_of(trainer, output);
    const std::vector<Tensor> unlabelled = logits_of(trainer, target);
    Tensor risk;
    Tensor usual;
    std::vector<Tensor> predicted;  // [K, R, C] of each head
    for (std::size_t h = 0; h < labelled.size(); ++h) {
      Output own;
      own.logits = labelled[h];
      const Tensor each = row_mean(row_losses(own, batch), batch);
      const Tensor mean = mean_probabilities(class_probabilities(batch.task, labelled[h].detach()));
      risk = h == 0 ? each : risk + each;
      usual = h == 0 ? mean : usual + mean;
      predicted.push_back(class_probabilities(batch.task, unlabelled[h]));
    }
    const auto count = static_cast<double>(labelled.size());
    trainer.step_with_own(risk / count + diversity_ * shared_information(predicted) +
                          balance_ * imbalance(predicted, usual / count) +
                          l2_penalty(l2_, trainer.parameters()));
    if (chooses() && trainer.step() == context_.steps) choose(trainer);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    Evaluated out;
    std::vector<Tensor> blocks;
    for (const OwnPerceptron& head : heads_) blocks.push_back(trainer.own(head.name()).detach());
    out.head = [blocks, chosen = chosen_, task = context_.task](const Output& output,
                                                                ReplicaRange range) {
      std::vector<Tensor> logits = {output.logits};
      for (const Tensor& block : blocks) {
        logits.push_back(affine_logits(block.narrow(0, range.first, range.count), output.features));
      }
      if (!chosen.defined()) return joined_logits(logits, Evaluated::Join::probabilities, task);
      Tensor of_chosen = logits[0];
      const Tensor own = chosen.narrow(0, range.first, range.count).reshape({-1, 1, 1});
      for (std::size_t h = 1; h < logits.size(); ++h) {
        of_chosen = at::where(own.eq(static_cast<std::int64_t>(h)), logits[h], of_chosen);
      }
      return of_chosen;
    };
    return out;
  }
  void visit_state(StateVisitor& visit) override { visit("chosen", chosen_); }

 private:
  [[nodiscard]] bool chooses() const { return options_.choose == "worst_group"; }

  /// Of each head.
  [[nodiscard]] std::vector<Tensor> logits_of(const ReplicaTrainer& trainer,
                                              const Output& output) const {
    std::vector<Tensor> all = {output.logits};
    for (const OwnPerceptron& head : heads_) all.push_back(head(trainer, output.features));
    return all;
  }

  /// Mean over rows [K, R, Q]: [K, Q].
  static Tensor mean_probabilities(const Tensor& rows) {
    return row_means(rows.unsqueeze(1)).squeeze(1);
  }
  /// Probabilities below 1e-12 count as 1e-12.
  static Tensor safe_log(const Tensor& values) { return losses::log(values.clamp_min(1e-12)); }

  /// The mean over pairs of heads of I, [K].
  static Tensor shared_information(const std::vector<Tensor>& predicted) {
    Tensor sum;
    double pairs = 0.0;
    for (std::size_t g = 0; g < predicted.size(); ++g) {
      for (std::size_t h = g + 1; h < predicted.size(); ++h) {
        const Tensor joint = mean_probabilities(
            (predicted[g].unsqueeze(3) * predicted[h].unsqueeze(2)).flatten(2));  // [K, C * C]
        const Tensor apart = (mean_probabilities(predicted[g]).unsqueeze(2) *
                              mean_probabilities(predicted[h]).unsqueeze(1))
                                 .flatten(1);
        const Tensor own = (joint * (safe_log(joint) - safe_log(apart))).sum(1);
        sum = pairs == 0.0 ? own : sum + own;
        pairs += 1.0;
      }
    }
    return sum / pairs;
  }

  /// mean_h KL(p_h || p), [K].
  static Tensor imbalance(const std::vector<Tensor>& predicted, const Tensor& usual) {
    Tensor sum;
    for (std::size_t h = 0; h < predicted.size(); ++h) {
      const Tensor mean = mean_probabilities(predicted[h]);
      const Tensor own = (mean * (safe_log(mean) - safe_log(usual))).sum(1);
      sum = h == 0 ? own : sum + own;
    }
    return sum / static_cast<double>(predicted.size());
  }

  /// Chooses the head of each replica.
  void choose(ReplicaTrainer& trainer) {
    const at::NoGradGuard no_grad;
    const Batch rows = trainer.validation_rows(options_.validation_rows);
    const std::vector<Tensor> logits = logits_of(trainer, trainer.forward(rows.x));
    std::vector<Tensor> scores;  // [K] of each head
    for (const Tensor& own : logits) {
      Output output;
      output.logits = own;
      const Tensor right = row_correct(output, rows).flatten(1).to(at::kCPU);
      scores.push_back(worst_group_shares(right, groups_of(rows).to(at::kCPU), context_.groups));
    }
    chosen_ = at::stack(scores, 1).argmax(1).to(trainer.device());
  }

  Options options_;
  MethodContext context_;
  std::vector<OwnPerceptron> heads_;  // all but that of the model
  Tensor diversity_;
  Tensor balance_;
  Tensor l2_;
  Tensor chosen_;  // int64 [K]
};

}  // namespace

void register_divdis(Catalog& catalog);
void register_divdis(Catalog& catalog) {
  catalog.methods.add<DivDis>("divdis",
                              "Heads that are independent on unlabelled rows of the test domain.",
                              "Lee et al. 2023, arXiv:2202.03418");
}

}  // namespace spurion::methods
