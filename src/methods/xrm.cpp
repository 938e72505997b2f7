#include <ATen/ATen.h>

#include "methods/shared/inferred_domains.hpp"
#include "nouns/weighted_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct XrmOptions : InferredDomainOptions {
  double twin_share = 0.5;
  XrmOptions() { objective = "group_dro"; }
};

/// Cross-risk minimisation (Pezeshki et al. 2024). Stage 1 trains twins, the model and a copy of
/// other initial parameters, each on a random half of the training rows, by a class-balanced loss:
/// the sum over the labels that occur in the minibatch of the mean loss of their rows. Each row is
/// held out from one twin. Where that twin predicts class c with probability p, the label of the
/// row becomes c with probability (p - 1/C) C / (C - 1): the twins copy each other's confident
/// mistakes. After the stage a row is in domain 1 if either twin predicts its true label wrongly,
/// else in domain 0. Stage 2 trains fresh parameters with the rest of the steps: group DRO over the
/// groups (label, domain), the default and the paper's choice, or IRMv1 over the two domains. Both
/// stages together have the steps of the trial; a step of the first updates both twins.
///
/// The authors choose the twins' hyper-parameters by the number of flipped labels; here they are
/// the optimiser's of the trial. Their stage 2 draws rows as they come; here groups, or domains,
/// are drawn equally often, as group DRO's authors do. Their IRMv1 multiplies the slopes of two
/// halves of a domain's rows; here the slope of all of them is squared.
class Xrm final : public Method {
 public:
  using Options = XrmOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("twin_share", &Options::twin_share, "Share of the steps that train the twins.",
                   between(0, 1), uniform(0.2, 0.8))
            .include(InferredDomainOptions::schema());
    return schema;
  }

  Xrm(const Options& options, const MethodContext& context)
      : context_(context),
        stages_({options.twin_share}, context),
        l2_(per_replica_tensor(options.l2, context)),
        loss_(options, context),
        classes_(context.task == Task::binary ? 2 : context.outputs),
        twin_share_(options.twin_share),
        keys_(context.child_keys("second stage")) {
    if (context.task == Task::regression) {
      throw UsageError("xrm needs classes: its twins look for rows that are predicted wrongly");
    }
  }

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    return {second_model(kTwin, model, context_)};
  }
  [[nodiscard]] double cost_factor() const override { return 1.0 + twin_share_; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 40.0 * sizes.training_rows;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    if (trainer.step() == 0 && stages_.any_begins(1, 0)) infer(trainer);
    if (part_.defined()) {
      const Output output = trainer.forward(batch.x);
      const std::int64_t since = trainer.step() - stages_.first_step(1, 0);
      trainer.step_from_losses(loss_(output, batch, table_rows(part_, batch), parts(), since) +
                               l2_penalty(l2_, trainer.parameters()));
      return;
    }
    step_twins(trainer, batch);
    // At the end of a step, so that the next minibatch is drawn by the new weights.
    const std::int64_t now = trainer.step();
    if (now < context_.steps && stages_.any_begins(1, now)) infer(trainer);
  }

  void visit_state(StateVisitor& visit) override {
    visit("flipped", flipped_);
    visit("part", part_);
    StateVisitor inside = visit.inside("loss");
    loss_.visit_state(inside);
  }

 private:
  static constexpr const char* kTwin = "twin";

  /// Number of parts of the training rows that stage 2 compares.
  [[nodiscard]] std::int64_t parts() const { return loss_.group_dro() ? 2 * classes_ : 2; }

  /// One number in [0, 1) for each row of a minibatch, by its number in the training set, [K, E,
  /// B].
  [[nodiscard]] Tensor numbers(const char* name, const Batch& batch, std::int64_t step) const {
    const Tensor row_numbers = batch.number.flatten(1).cpu().contiguous();
    const std::int64_t rows = row_numbers.size(1);
    Tensor out = at::empty({context_.replicas, rows});
    for (std::int64_t k = 0; k < context_.replicas; ++k) {
      const RandomStream stream(context_.key(k).child(name));
      const std::int64_t* number =
          row_numbers.data_ptr<std::int64_t>() + (row_numbers.size(0) == 1 ? 0 : k * rows);
      float* value = out.data_ptr<float>() + k * rows;
      for (std::int64_t i = 0; i < rows; ++i) {
        value[i] = static_cast<float>(stream.uniform(number[i], step));
      }
    }
    return out.reshape({context_.replicas, batch.domains, batch.rows_per_domain})
        .to(batch.number.device());
  }

  void step_twins(ReplicaTrainer& trainer, const Batch& batch) {
    if (!flipped_.defined()) {
      flipped_ = at::full({trainer.replicas(), trainer.training_rows()}, -1,
                          at::device(trainer.device()).dtype(at::kLong));
    }
    const Output model = trainer.forward(batch.x);
    const Output twin = trainer.forward_at(trainer.own(kTwin), batch.x);
    const Tensor of_model = numbers("halves", batch, 0).lt(0.5);  // the model learns these rows
    const Tensor known = table_rows(flipped_, batch);
    Batch labelled = batch;
    labelled.y = at::where(known.ge(0), known, batch.y.expand_as(known));
    const Tensor weights = class_weights(labelled);
    const Tensor own = weights * of_model.to(weights.scalar_type());
    const Tensor losses = row_losses(model, labelled);
    const Tensor twin_losses = row_losses(twin, labelled);
    const Tensor held_out =
        at::where(of_model.flatten(1).unsqueeze(2), twin.logits.detach(), model.logits.detach());
    trainer.step_own(kTwin, row_mean((weights - own) * twin_losses, batch) +
                                l2_penalty(l2_, trainer.own(kTwin)));
    const std::int64_t step = trainer.step();
    trainer.step_from_losses(row_mean(own * losses, batch) + l2_penalty(l2_, trainer.parameters()));
    // Only now, as the authors do: a flip is for later visits of the row.
    Batch guessed = labelled;
    Output heard = model;
    heard.logits = held_out;
    guessed.y = losses::predict(batch.task, held_out).reshape_as(labelled.y);
    const auto classes = static_cast<double>(classes_);
    const Tensor chance =
        (row_confidence(heard, guessed) - 1.0 / classes) * (classes / (classes - 1.0));
    const Tensor flips = numbers("flips", batch, step).lt(chance);
    put_table_rows(flipped_, batch, at::where(flips, guessed.y, labelled.y));
  }

  /// Rows of the minibatch over rows of their label, [K, E, B]: the mean over the minibatch of
  /// these times the losses is the sum of the labels' mean losses.
  [[nodiscard]] Tensor class_weights(const Batch& batch) const {
    Tensor weights = at::zeros(batch.y.sizes(), at::device(batch.y.device()));
    for (std::int64_t c = 0; c < classes_; ++c) {
      Tensor of_class = batch.y.eq(c).to(at::kFloat);
      Tensor counted = of_class;
      if (batch.weight.defined()) counted = counted * batch.weight;
      const Tensor count = counted.flatten(1).sum(1).reshape({-1, 1, 1});
      const auto rows = static_cast<double>(batch.domains * batch.rows_per_domain);
      weights = weights + of_class * (rows / at::where(count.gt(0.0), count, at::ones_like(count)));
    }
    return weights;
  }

  /// All replicas of a pack have the same share, so all begin the second stage together.
  void infer(ReplicaTrainer& trainer) {
    part_ = at::zeros({trainer.replicas(), trainer.training_rows()},
                      at::device(trainer.device()).dtype(at::kLong));
    trainer.over_training_rows([&](const Batch& rows) {
      const Tensor right =
          row_correct(trainer.forward(rows.x), rows)
              .logical_and(row_correct(trainer.forward_at(trainer.own(kTwin), rows.x), rows));
      const Tensor domain = right.logical_not().to(at::kLong);
      put_table_rows(part_, rows,
                     loss_.group_dro() ? 2 * rows.y.expand_as(domain) + domain : domain);
    });
    trainer.sample_rows(nouns::balancing_weights(part_.cpu()));
    trainer.restart(at::ones({trainer.replicas()}, at::kBool), trainer.fresh_parameters(keys_));
  }

  MethodContext context_;
  Stages stages_;
  Tensor l2_;
  InferredDomainLoss loss_;
  std::int64_t classes_;
  double twin_share_;
  std::vector<RandomKey> keys_;
  Tensor flipped_;  // int64 [K, N]: the labels that the twins learn; -1: the true one
  Tensor part_;     // int64 [K, N]: the domain, or the group, of each training row in stage 2
};

}  // namespace

void register_xrm(Catalog& catalog);
void register_xrm(Catalog& catalog) {
  catalog.methods.add<Xrm>("xrm", "Infers domains from twins that copy each other's mistakes.",
                           "Pezeshki et al. 2024, arXiv:2309.16748");
}

}  // namespace spurion::methods
