#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/pair_sums.hpp"
#include "methods/shared/prototypes.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct DpeOptions : L2Option {
  std::string by = "group";
  std::int64_t members = 15;
  double covariance_weight = 50.0;
  double entropic_scale = 30.0;
  double head_learning_rate = 1e-3;
  std::int64_t epochs = 20;
  bool standardise = true;
  std::int64_t validation_rows = 1000;
};

/// Held-out rows of one replica, and their parts: groups or classes.
struct PartedRows {
  UnitRows rows;
  std::vector<std::vector<std::int64_t>> parts;

  /// The least share of rows of a part that are predicted rightly.
  [[nodiscard]] double worst(const std::vector<std::int64_t>& predicted) const {
    double least = 1.0;
    for (const auto& part : parts) {
      if (part.empty()) continue;
      double right = 0.0;
      for (const std::int64_t row : part) {
        const auto i = static_cast<std::size_t>(row);
        right += predicted[i] == rows.label[i] ? 1.0 : 0.0;
      }
      least = std::min(least, right / static_cast<double>(part.size()));
    }
    return least;
  }
  /// As many rows of each part as the smallest has, at random.
  [[nodiscard]] std::vector<std::int64_t> balanced(const RandomKey& key) const {
    std::size_t least = parts.front().size();
    for (const auto& part : parts) least = std::min(least, part.size());
    std::vector<std::int64_t> out;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const auto order = permutation(key.child(static_cast<std::uint64_t>(p)),
                                     static_cast<std::int64_t>(parts[p].size()));
      for (std::size_t i = 0; i < least; ++i) {
        out.push_back(parts[p][static_cast<std::size_t>(order[i])]);
      }
    }
    return out;
  }
};

/// Diverse prototypical ensemble (To et al. 2025). The model is trained by ERM. After the last step
/// its last layer is replaced by an ensemble, and the ensemble is evaluated. Each member has a
/// prototype of each class and a scale s, and predicts by softmax of -|s| times the distances
/// between the unit vectors of features and prototypes. Its training is `PrototypeDescent`: 20
/// epochs over a balanced draw of the held-out rows of the train domains, as many rows of each
/// group as the smallest has, with the covariance to the members before it as penalty. Of its
/// epochs it keeps the last with the best worst group on all held-out rows. The mean of the
/// members' probabilities predicts.
///
/// With `by = "class"` classes take the place of groups, and no group labels are needed. Constants
/// are those of the authors' code: 15 members, batches of 256, momentum 0.9, shrinkage 10. From the
/// third member on the weight of the covariance is covariance_weight / (1 + 0.05 m), m = 1, 2, ...
/// Their weights of 5e4 to 5e5 (default: 1e5) are divided by the number of features less 1, 2047;
/// here the weight is that quotient, so that it means the same for any number of features. A row's
/// features are first standardised over the features (`standardise`); a model with few features
/// loses much by it. Their last incomplete batch of an epoch is left out; here the only batch is
/// used where there are fewer rows. Measurements before the last step are those of the ERM model.
class Dpe final : public Method {
 public:
  using Options = DpeOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("by", &O::by,
                   "What is balanced, and whose worst part judges. group: needs group labels of "
                   "validation rows. class: needs none.",
                   one_of({"group", "class"}))
            .field("members", &O::members, "Number of members.", between(1, 1000))
            .field("covariance_weight", &O::covariance_weight,
                   "Multiplier of the covariance with earlier members.", at_least(0),
                   log_uniform(25.0, 250.0))
            .field("entropic_scale", &O::entropic_scale,
                   "Multiplier of the distances in the training loss.", positive(),
                   choice({10.0, 20.0, 30.0}))
            .field("head_learning_rate", &O::head_learning_rate,
                   "Step size of the training of the members.", positive(), log_uniform(5e-5, 1e-3))
            .field("epochs", &O::epochs, "Epochs of each member.", between(1, 10000))
            .field("standardise", &O::standardise,
                   "Subtract the mean of a row's features and divide by their deviation first.")
            .field("validation_rows", &O::validation_rows,
                   "Held-out rows of each train domain for the members, at most.", between(1, 1e9))
            .include(L2Option::schema());
    return schema;
  }

  Dpe(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        classes_(classes_of("dpe", context)),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("members")) {
    if (by_group()) require_groups("dpe", context);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.group_labels_validation = by_group();
    access.validation_rows = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return static_cast<double>(options_.validation_rows) * (sizes.row + 4.0 * sizes.activations) +
           static_cast<double>(options_.members) * 8.0 * sizes.activations;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    // What no member can be trained on is told before the model is trained.
    if (trainer.step() == 0) require_parts(trainer.validation_rows(options_.validation_rows));
    const Output output = trainer.forward(batch.x);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    if (trainer.step() == context_.steps) fit(trainer);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& /*trainer*/) const override {
    Evaluated out;
    if (!directions_.defined()) return out;
    out.head = [this_directions = directions_, scales = scales_, task = context_.task,
                standardise = options_.standardise](const Output& output, ReplicaRange range) {
      const Tensor x = unit_features(output.features, standardise).expand({range.count, -1, -1});
      const Tensor own = this_directions.narrow(0, range.first, range.count);  // [K, M, C, F]
      const Tensor scale = scales.narrow(0, range.first, range.count);
      std::vector<Tensor> each;
      for (std::int64_t m = 0; m < own.size(1); ++m) {
        std::vector<Tensor> logits;
        for (std::int64_t c = 0; c < own.size(2); ++c) {
          const Tensor apart = x - own.select(1, m).narrow(1, c, 1);
          logits.push_back(-scale.narrow(1, m, 1) * last_sums(apart * apart).sqrt());
        }
        each.push_back(task == Task::binary ? (logits[1] - logits[0]).unsqueeze(2)
                                            : at::stack(logits, 2));
      }
      return joined_logits(each, Evaluated::Join::probabilities, task);
    };
    return out;
  }
  void visit_state(StateVisitor& visit) override {
    visit("directions", directions_);
    visit("scales", scales_);
  }

 private:
  [[nodiscard]] bool by_group() const { return options_.by == "group"; }
  [[nodiscard]] std::int64_t parts() const { return by_group() ? context_.groups : classes_; }

  /// Unit vectors of features [K or 1, R, F].
  static Tensor unit_features(const Tensor& features, bool standardise) {
    Tensor x = features.contiguous();
    const auto count = static_cast<double>(x.size(2));
    if (standardise) {
      x = x - (last_sums(x) / count).unsqueeze(2);
      const Tensor deviation = (last_sums(x * x) / count).sqrt().unsqueeze(2);
      x = x / at::where(deviation.gt(1e-12), deviation, at::ones_like(deviation));
    }
    return x / last_sums(x * x).sqrt().clamp_min(1e-12).unsqueeze(2);
  }

  /// The part of each validation row, int64 [K or 1, R] in host memory.
  [[nodiscard]] Tensor part_of(const Batch& rows) const {
    return (by_group() ? groups_of(rows) : rows.y.flatten(1)).to(at::kCPU).contiguous();
  }

  void require_parts(const Batch& rows) const {
    const Tensor counts = count_groups(part_of(rows), parts());
    for (std::int64_t k = 0; k < counts.size(0); ++k) {
      for (std::int64_t p = 0; p < parts(); ++p) {
        if (counts[k][p].item<std::int64_t>() > 0) continue;
        throw UsageError(fmt::format(
            "dpe needs held-out rows of every {0}, but none of {1} is of {0} {2}: raise "
            "'validation_rows', or choose an environment whose train domains have every {0}",
            options_.by, rows.domains * rows.rows_per_domain, p));
      }
    }
  }

  void fit(ReplicaTrainer& trainer) {
    const at::NoGradGuard no_grad;
    const Batch batch = trainer.validation_rows(options_.validation_rows);
    const Tensor all = unit_features(trainer.forward(batch.x).features, options_.standardise)
                           .to(at::kCPU, at::kDouble);
    const Tensor label = batch.y.flatten(1).to(at::kCPU).contiguous();
    const Tensor part = part_of(batch);
    const std::int64_t replicas = trainer.replicas();
    const std::int64_t features = all.size(2);
    Tensor points = at::zeros({replicas, options_.members, classes_, features}, at::kDouble);
    Tensor scales = at::zeros({replicas, options_.members}, at::kDouble);
    for (std::int64_t k = 0; k < replicas; ++k) {
      const auto own = [k](const Tensor& values) {
        return values[values.size(0) == 1 ? 0 : k].contiguous();
      };
      const Tensor x = own(all);
      // Of a replica that has diverged nothing can be fitted, and nothing is evaluated.
      if (!at::isfinite(x).all().item<bool>()) continue;
      PartedRows rows;
      rows.rows.features = features;
      rows.rows.x.assign(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
      const Tensor labels = own(label);
      const auto* y = labels.data_ptr<std::int64_t>();
      rows.rows.label.assign(y, y + labels.numel());
      rows.parts.resize(static_cast<std::size_t>(parts()));
      const Tensor of = own(part);
      for (std::int64_t i = 0; i < of.numel(); ++i) {
        rows.parts[static_cast<std::size_t>(of.data_ptr<std::int64_t>()[i])].push_back(i);
      }
      const std::vector<Prototypes> members =
          trained(rows, keys_[static_cast<std::size_t>(k)], trainer);
      for (std::size_t m = 0; m < members.size(); ++m) {
        const auto number = static_cast<std::int64_t>(m);
        std::copy(members[m].points.begin(), members[m].points.end(),
                  points[k][number].data_ptr<double>());
        scales[k][number] = std::abs(members[m].scale);
      }
    }
    const Tensor lengths = points.pow(2).sum(3, true).sqrt().clamp_min(1e-12);
    directions_ = (points / lengths).to(at::kFloat).to(trainer.device());
    scales_ = scales.to(at::kFloat).to(trainer.device());
  }

  [[nodiscard]] std::vector<Prototypes> trained(const PartedRows& rows, const RandomKey& key,
                                                const ReplicaTrainer& trainer) const {
    PrototypeDescent descent;
    descent.entropic = options_.entropic_scale;
    descent.rate = options_.head_learning_rate;
    descent.epochs = options_.epochs;
    std::vector<Prototypes> members;
    double rows_seen = 0.0;
    for (std::int64_t m = 0; m < options_.members; ++m) {
      const RandomKey own = key.child(static_cast<std::uint64_t>(m));
      descent.covariance = options_.covariance_weight /
                           (1.0 + 0.05 * static_cast<double>(std::max<std::int64_t>(m - 1, 0)));
      const std::vector<std::int64_t> chosen = rows.balanced(own.child("rows"));
      members.push_back(member(rows, chosen, descent, members, own));
      rows_seen += static_cast<double>(descent.epochs) *
                   static_cast<double>(chosen.size() + rows.rows.label.size());
    }
    trainer.count_flops(6.0 * rows_seen * static_cast<double>(classes_ * rows.rows.features));
    return members;
  }

  [[nodiscard]] Prototypes member(const PartedRows& rows, const std::vector<std::int64_t>& chosen,
                                  const PrototypeDescent& descent,
                                  const std::vector<Prototypes>& earlier,
                                  const RandomKey& key) const {
    Prototypes now = fresh_prototypes(key.child("points"), classes_, rows.rows.features);
    Prototypes best = now;
    double best_score = -1.0;
    std::vector<double> velocity(now.points.size() + 1, 0.0);
    const auto count = static_cast<std::int64_t>(chosen.size());
    const std::int64_t size = std::min(descent.batch, count);
    for (std::int64_t epoch = 0; epoch < descent.epochs; ++epoch) {
      const auto order =
          permutation(key.child("order").child(static_cast<std::uint64_t>(epoch)), count);
      for (std::int64_t first = 0; first + size <= count; first += size) {
        std::vector<std::int64_t> batch;
        for (std::int64_t i = first; i < first + size; ++i) {
          batch.push_back(chosen[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
        }
        const PrototypeLoss loss = prototype_loss(now, rows.rows, batch, descent, earlier);
        for (std::size_t i = 0; i < velocity.size(); ++i) {
          velocity[i] = descent.momentum * velocity[i] + loss.gradient[i];
          (i < now.points.size() ? now.points[i] : now.scale) -= descent.rate * velocity[i];
        }
      }
      const double score = rows.worst(nearest_prototypes(now, rows.rows));
      if (score < best_score) continue;
      best_score = score;
      best = now;
    }
    return best;
  }

  Options options_;
  MethodContext context_;
  std::int64_t classes_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
  Tensor directions_;  // [K, M, C, F]: unit vectors of the prototypes
  Tensor scales_;      // [K, M]
};

}  // namespace

void register_dpe(Catalog& catalog);
void register_dpe(Catalog& catalog) {
  catalog.methods.add<Dpe>("dpe", "An ensemble of prototypes on balanced held-out rows, after ERM.",
                           "To et al. 2025, arXiv:2505.23027");
}

}  // namespace spurion::methods
