#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "methods/shared/adapted_erm.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct TentOptions : L2Option {
  PerReplica<double> learning_rate = 1e-3;
  std::int64_t steps = 1;
};

/// Adam (Kingma & Ba 2015) over some columns of the parameters, with its usual constants.
class EntropyDescent {
 public:
  EntropyDescent(Tensor rate, Tensor columns)
      : rate_(std::move(rate)), columns_(std::move(columns)) {}

  void step(Tensor& parameters, const Tensor& gradient) {
    const Tensor slope = gradient.index_select(1, columns_);
    ++steps_;
    first_ = first_.defined() ? first_ * 0.9 + slope * 0.1 : slope * 0.1;
    second_ = second_.defined() ? second_ * 0.999 + slope * slope * 0.001 : slope * slope * 0.001;
    const auto count = static_cast<double>(steps_);
    const Tensor mean = first_ / (1.0 - std::pow(0.9, count));
    const Tensor size = (second_ / (1.0 - std::pow(0.999, count))).sqrt() + 1e-8;
    const Tensor moved = parameters.index_select(1, columns_) - rate_ * (mean / size);
    parameters = parameters.index_copy(1, columns_, moved);
  }

 private:
  Tensor rate_;     // [K, 1]
  Tensor columns_;  // int64 [n]
  Tensor first_;    // [K, n]
  Tensor second_;   // [K, n]
  std::int64_t steps_ = 0;
};

/// Minimises the entropy of the predictions of each batch.
class TentAdapter final : public Adapter {
 public:
  struct Options {
    Task task;
    std::int64_t steps;
    Tensor rate;  ///< [K]
  };
  TentAdapter(const ReplicaTrainer& trainer, const Options& options)
      : model_(&trainer.model()),
        parameters_(trainer.parameters().detach()),
        statistics_(columns_with(trainer.model(), BlockRole::statistic).to(trainer.device())),
        descent_(options.rate.unsqueeze(1),
                 columns_with(trainer.model(), BlockRole::normalisation).to(trainer.device())),
        task_(options.task),
        steps_(options.steps) {}

  Evaluated adapt(const Tensor& x) override {
    for (std::int64_t step = 0; step < steps_; ++step) {
      const at::AutoGradMode recording(true);
      const Tensor leaf = parameters_.detach().clone().requires_grad_(true);
      const Output output = model_->forward_with_statistics(leaf, x, 1.0);
      const Tensor mean = entropies(task_, output.logits).mean(1);
      const Tensor slope = torch::autograd::grad({mean}, {leaf}, {at::ones_like(mean)})[0].detach();
      const at::NoGradGuard no_grad;
      parameters_ = parameters_.detach();
      descent_.step(parameters_, slope);
    }
    if (statistics_.numel() == 0) return {{parameters_}};
    const at::NoGradGuard no_grad;
    const Output output = model_->forward_with_statistics(parameters_, x, 1.0);
    return {{with_statistics(parameters_, statistics_, output.statistics)}};
  }

 private:
  const Model* model_;
  Tensor parameters_;  // [K, P]: adapted so far
  Tensor statistics_;  // columns of running statistics
  EntropyDescent descent_;
  Task task_;
  std::int64_t steps_;
};

/// Test-time entropy minimisation (Wang et al. 2021): ERM; where it predicts, the scales and shifts
/// of the normalisation layers take `steps` steps of Adam down the mean entropy of the predictions
/// of each batch. Batch normalisation uses the statistics of the batch. The paper's learning rate
/// for Adam is 1e-3, with 1 step and batches of 200 rows that go on from one to the next (the
/// default of the regime test_time; `episodic` starts anew for each batch).
///
/// Deviation: the rows that are predicted are other rows than those of the batch, and they are
/// predicted after the step. They are normalised by the statistics of the batch. Models without
/// batch normalisation keep their normalisation by row and change scales and shifts only.
class Tent final : public AdaptedErm {
 public:
  using Options = TentOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("learning_rate", &Options::learning_rate,
                   "Learning rate of Adam in the adaptation.", at_least(0), log_uniform(1e-5, 1e-1))
            .field("steps", &Options::steps, "Steps of Adam for each batch.", between(1, 1000))
            .include(L2Option::schema());
    return schema;
  }
  Tent(const Options& options, const MethodContext& context)
      : AdaptedErm(options, context),
        options_{context.task, options.steps, per_replica_tensor(options.learning_rate, context)} {
    require_classes("tent", context.task);
  }

  void check(const Model& model) const override {
    require_normalisation("tent", model, BlockRole::normalisation);
  }
  [[nodiscard]] std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const override {
    return std::make_unique<TentAdapter>(trainer, options_);
  }

 private:
  TentAdapter::Options options_;
};

}  // namespace

void register_tent(Catalog& catalog);
void register_tent(Catalog& catalog) {
  catalog.methods.add<Tent>("tent", "Minimises the entropy of its predictions where it predicts.",
                            "Wang et al. 2021, arXiv:2006.10726");
}

}  // namespace spurion::methods
