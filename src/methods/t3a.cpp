#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/adapted_erm.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::methods {
namespace {

struct T3aOptions : L2Option {
  PerReplica<std::int64_t> filter = std::int64_t{100};
};

/// The supports of one class of one replica: directions of features, the most confident first.
class Supports {
 public:
  /// `most`: how many are kept; -1: all.
  Supports(std::int64_t most, std::int64_t width)
      : most_(most), sum_(static_cast<std::size_t>(width), 0.0) {}

  /// Adds the direction of `features`, predicted with this entropy.
  void add(double entropy, const float* features) {
    std::vector<double> direction(features, features + sum_.size());
    double norm = 0.0;
    for (const double value : direction) norm += value * value;
    norm = std::max(std::sqrt(norm), 1e-12);
    for (double& value : direction) value /= norm;
    if (most_ < 0) {
      for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += direction[i];
      return;
    }
    const auto place =
        std::upper_bound(kept_.begin(), kept_.end(), entropy,
                         [](double left, const auto& right) { return left < right.first; });
    kept_.insert(place, {entropy, std::move(direction)});
    if (static_cast<std::int64_t>(kept_.size()) > most_) kept_.pop_back();
  }
  /// Their sum as a direction; 0 where there are none.
  [[nodiscard]] std::vector<double> prototype() const {
    std::vector<double> sum = sum_;
    for (const auto& [entropy, direction] : kept_) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += direction[i];
    }
    double norm = 0.0;
    for (const double value : sum) norm += value * value;
    norm = std::max(std::sqrt(norm), 1e-12);
    for (double& value : sum) value /= norm;
    return sum;
  }

 private:
  std::int64_t most_;
  std::vector<std::pair<double, std::vector<double>>> kept_;  // by entropy, of equal ones by age
  std::vector<double> sum_;                                   // of all, if all are kept
};

class T3aAdapter final : public Adapter {
 public:
  T3aAdapter(const ReplicaTrainer& trainer, const PerReplica<std::int64_t>& filter, Task task)
      : model_(&trainer.model()),
        parameters_(trainer.parameters().detach()),
        task_(task),
        device_(trainer.device()) {
    const auto& blocks = trainer.model().layout();
    const ParameterBlock& weight = blocks[blocks.size() - 2];
    const ParameterBlock& bias = blocks.back();
    const std::int64_t width = weight.shape[0];
    const std::int64_t outputs = weight.shape[1];
    const Tensor host = parameters_.to(at::kCPU);
    // [K, C, F]: the weights of each class; of one logit those against it and for it.
    Tensor rows = host.narrow(1, weight.offset, width * outputs)
                      .reshape({-1, width, outputs})
                      .transpose(1, 2);
    if (outputs == 1) rows = at::cat({-rows, rows}, 1);
    rows = rows.contiguous();
    const Tensor logits =
        at::matmul(rows,
                   host.narrow(1, weight.offset, width * outputs).reshape({-1, width, outputs})) +
        host.narrow(1, bias.offset, outputs).unsqueeze(1);
    for (std::int64_t k = 0; k < host.size(0); ++k) {
      each_.emplace_back(static_cast<std::size_t>(rows.size(1)), Supports(filter.at(k), width));
    }
    add(rows, logits);
  }

  Evaluated adapt(const Tensor& x) override {
    const at::NoGradGuard no_grad;
    const Output output = model_->forward_anywhere(parameters_, x);
    add(output.features.expand({parameters_.size(0), -1, -1}).to(at::kCPU).contiguous(),
        output.logits.to(at::kCPU));
    return {{}, Evaluated::Join::probabilities, head()};
  }

 private:
  /// Adds features [K, B, F] to the supports of the classes that logits [K, B, C] predict.
  void add(const Tensor& features, const Tensor& logits) {
    const Tensor entropy = entropies(task_, logits).to(at::kDouble).contiguous();
    const Tensor classes =
        (task_ == Task::binary ? logits.select(2, 0).gt(0).to(at::kLong) : logits.argmax(2))
            .contiguous();
    const std::int64_t rows = features.size(1);
    for (std::int64_t k = 0; k < features.size(0); ++k) {
      for (std::int64_t i = 0; i < rows; ++i) {
        const double own = entropy.data_ptr<double>()[k * rows + i];
        if (!std::isfinite(own)) continue;  // of a replica that has diverged
        const auto predicted =
            static_cast<std::size_t>(classes.data_ptr<std::int64_t>()[k * rows + i]);
        each_[static_cast<std::size_t>(k)][predicted].add(
            own, features.data_ptr<float>() + (k * rows + i) * features.size(2));
      }
    }
  }

  /// From features to the products with the prototypes.
  [[nodiscard]] std::function<Tensor(const Output&, ReplicaRange)> head() const {
    const auto classes = static_cast<std::int64_t>(each_.front().size());
    std::vector<Tensor> all;
    for (const auto& supports : each_) {
      std::vector<Tensor> own;
      for (const Supports& one : supports) {
        own.push_back(at::tensor(one.prototype(), at::kDouble));
      }
      if (task_ == Task::binary) own = {own[1] - own[0]};
      all.push_back(at::stack(own, 1));
    }
    // [K, F, C], or the difference of the two classes
    const Tensor prototypes = at::stack(all).to(at::kFloat).contiguous().to(device_);
    SPURION_CHECK(task_ != Task::binary || classes == 2, "a binary task has two classes");
    return [prototypes](const Output& output, ReplicaRange range) {
      return engine::batched_matmul(output.features, engine::Transpose::no,
                                    prototypes.narrow(0, range.first, range.count),
                                    engine::Transpose::no);
    };
  }

  const Model* model_;
  Tensor parameters_;
  Task task_;
  Device device_;
  std::vector<std::vector<Supports>> each_;  // [K][classes]
};

/// Test-time template adjuster (Iwasawa & Matsuo 2021): ERM; where it predicts, each class has a
/// prototype in place of its weights in the last layer. The supports of a class are its weights and
/// the features z of the unlabelled rows that the classifier predicts to be of this class. Of them
/// the `filter` with the lowest entropy are kept, and
///
///     prototype of a class = normal(sum over its supports s of normal(s)),  logit = z . prototype
///
/// where normal(v) = v / |v|. The paper selects the filter among 1, 5, 20, 50, 100 and all (-1).
///
/// Deviations: the rows that are predicted are other rows than those of the batches. One logit w.z
/// + b counts as two classes with weights -w and w. The logits are differences of products with
/// unit vectors, so the loss after adaptation has another scale than before it.
class T3a final : public AdaptedErm {
 public:
  using Options = T3aOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("filter", &Options::filter,
                   "M: supports of each class that are kept, the most confident ones; -1: all.",
                   between(-1, 1000000), choice({1, 5, 20, 50, 100, -1}))
            .include(L2Option::schema());
    return schema;
  }
  T3a(const Options& options, const MethodContext& context)
      : AdaptedErm(options, context), filter_(options.filter), task_(context.task) {
    require_classes("t3a", context.task);
    for (const std::int64_t filter : options.filter.values()) {
      if (filter == 0) throw UsageError("'filter' of t3a is 0, so a class would have no support");
    }
  }

  void check(const Model& model) const override {
    const auto& blocks = model.layout();
    const bool affine = blocks.size() >= 2 && blocks[blocks.size() - 2].shape.size() == 2 &&
                        blocks.back().shape.size() == 1 &&
                        blocks.back().shape[0] == blocks[blocks.size() - 2].shape[1] &&
                        model.last_layer_offset() == blocks[blocks.size() - 2].offset;
    if (affine) return;
    throw UsageError("t3a needs a model whose last layer has the weights of each class and a bias");
  }
  [[nodiscard]] std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const override {
    return std::make_unique<T3aAdapter>(trainer, filter_, task_);
  }

 private:
  PerReplica<std::int64_t> filter_;
  Task task_;
};

}  // namespace

void register_t3a(Catalog& catalog);
void register_t3a(Catalog& catalog) {
  catalog.methods.add<T3a>("t3a", "Replaces the last layer by prototypes of confident rows.",
                           "Iwasawa & Matsuo 2021");
}

}  // namespace spurion::methods
