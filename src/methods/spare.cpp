#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/clusters.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct SpareOptions : L2Option {
  double identification_share = 0.05;
  std::int64_t most_clusters = 5;
  PerReplica<double> silhouette_threshold = 0.9;
  PerReplica<double> high_power = 2.0;
};

/// SPARE (Yang et al. 2024): early in the training the outputs of rows with the same cue lie
/// together. ERM for a small share of the steps; then the logits of the training rows of each class
/// are clustered by k-means, with 2 to `most_clusters` clusters, as many as have the largest
/// silhouette S. Fresh parameters are trained with the rest of the steps, where a row of a cluster
/// of n rows is drawn with a probability proportional to n^(-p), p = 1 where S is at least the
/// threshold and `high_power` else, and where all classes are drawn equally often. The threshold
/// and the powers are the authors' (SpuCo). There the first stage is 1 or 2 epochs; the share and
/// its range are ours. Centres and S are those of at most 1000 rows of a class, drawn at random,
/// since S takes all pairs. The first stage has one step at least. Domains are pooled in the second
/// stage.
class Spare final : public Method {
 public:
  using Options = SpareOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("identification_share", &O::identification_share,
                   "Share of the steps of the first stage, whose outputs are clustered.",
                   between(0, 1), log_uniform(0.01, 0.3))
            .field("most_clusters", &O::most_clusters, "Largest number of clusters of a class.",
                   between(2, 64), choice({std::int64_t{2}, std::int64_t{5}}))
            .field("silhouette_threshold", &O::silhouette_threshold,
                   "Silhouette from which clusters count as well apart.", between(-1, 1))
            .field("high_power", &O::high_power,
                   "Power p of the cluster sizes where the silhouette is below the threshold.",
                   at_least(0), choice({1.0, 2.0}))
            .include(L2Option::schema());
    return schema;
  }

  Spare(const Options& options, const MethodContext& context)
      : options_(options),
        steps_(context.steps),
        classes_(classes_of("spare", context)),
        outputs_(context.outputs),
        stages_({first_share(options.identification_share, context)}, context),
        l2_(per_replica_tensor(options.l2, context)),
        fresh_keys_(context.child_keys("second stage")),
        cluster_keys_(context.child_keys("clusters")) {}

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 32.0 * sizes.training_rows * static_cast<double>(outputs_);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    trainer.step_from_losses(row_mean(row_losses(trainer.forward(batch.x), batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    // At the end of a step, so that the next minibatch is drawn by the new weights.
    const std::int64_t now = trainer.step();
    if (now < steps_ && stages_.any_begins(1, now)) start_second_stage(trainer);
  }

 private:
  /// The share of the first stage, of one step at least: outputs of initial weights say nothing.
  static double first_share(double share, const MethodContext& context) {
    return context.steps > 1 ? std::max(share, 1.0 / static_cast<double>(context.steps)) : share;
  }

  /// All replicas of a pack have the same share, so all begin the stage together.
  void start_second_stage(ReplicaTrainer& trainer) const {
    const std::int64_t replicas = trainer.replicas();
    const std::int64_t rows = trainer.training_rows();
    const auto host = at::device(at::kCPU);
    Tensor logits = at::zeros({replicas, rows, outputs_}, host.dtype(at::kDouble));
    Tensor labels = at::zeros({replicas, rows}, host.dtype(at::kLong));
    trainer.over_training_rows([&](const Batch& part) {
      const Tensor number = part.number.flatten(1).to(at::kCPU).expand({replicas, -1});
      const Tensor z = trainer.forward(part.x).logits.to(at::kCPU, at::kDouble);
      logits.scatter_(1, number.unsqueeze(2).expand_as(z), z);
      labels.scatter_(1, number, part.y.flatten(1).to(at::kCPU).expand({replicas, -1}));
    });
    Tensor weights = at::ones({replicas, rows}, host.dtype(at::kDouble));
    for (std::int64_t k = 0; k < replicas; ++k) {
      if (at::isfinite(logits[k]).all().item<bool>()) weigh(k, logits[k], labels[k], weights[k]);
    }
    trainer.sample_rows(weights);
    trainer.restart(at::ones({replicas}, at::kBool), trainer.fresh_parameters(fresh_keys_));
  }

  /// Writes the weights [N] of the rows of a replica.
  void weigh(std::int64_t replica, const Tensor& logits, const Tensor& labels,
             Tensor weights) const {
    const RandomKey& key = cluster_keys_[static_cast<std::size_t>(replica)];
    const std::int64_t* label = labels.data_ptr<std::int64_t>();
    for (std::int64_t c = 0; c < classes_; ++c) {
      std::vector<std::int64_t> members;
      for (std::int64_t i = 0; i < labels.size(0); ++i) {
        if (label[i] == c) members.push_back(i);
      }
      if (members.empty()) continue;
      const std::vector<double> of_class = class_weights(points_of(logits, members), replica,
                                                         key.child(static_cast<std::uint64_t>(c)));
      for (std::size_t i = 0; i < members.size(); ++i) {
        weights.data_ptr<double>()[members[i]] = of_class[i];
      }
    }
  }

  static Points points_of(const Tensor& logits, const std::vector<std::int64_t>& rows) {
    Points points{logits.size(1)};
    for (const std::int64_t row : rows) {
      const double* first = logits.data_ptr<double>() + row * logits.size(1);
      points.values.insert(points.values.end(), first, first + logits.size(1));
    }
    return points;
  }

  /// The weights of the rows of a class; their sum is 1.
  [[nodiscard]] std::vector<double> class_weights(const Points& points, std::int64_t replica,
                                                  const RandomKey& key) const {
    Points some{points.dimensions};
    const auto order = permutation(key.child("rows"), points.count());
    for (std::size_t i = 0; i < order.size() && i < kFitted; ++i) {
      const double* point = points.at(order[i]);
      some.values.insert(some.values.end(), point, point + points.dimensions);
    }
    Points best{points.dimensions};
    double largest = -2.0;
    for (std::int64_t k = 2; k <= options_.most_clusters; ++k) {
      Points centres = k_means(some, k, key.child(static_cast<std::uint64_t>(k)));
      const double value = silhouette(some, nearest_centres(some, centres));
      if (!(value > largest)) continue;
      largest = value;
      best = std::move(centres);
    }
    const bool apart = largest >= options_.silhouette_threshold.at(replica);
    const double power = apart ? 1.0 : options_.high_power.at(replica);
    const std::vector<std::int64_t> cluster = nearest_centres(points, best);
    std::vector<double> sizes(static_cast<std::size_t>(best.count()), 0.0);
    for (const std::int64_t c : cluster) sizes[static_cast<std::size_t>(c)] += 1.0;
    std::vector<double> weights;
    double sum = 0.0;
    for (const std::int64_t c : cluster) {
      weights.push_back(std::pow(sizes[static_cast<std::size_t>(c)], -power));
      sum += weights.back();
    }
    for (double& weight : weights) weight /= sum;
    return weights;
  }

  static constexpr std::size_t kFitted = 1000;

  Options options_;
  std::int64_t steps_;
  std::int64_t classes_;
  std::int64_t outputs_;
  Stages stages_;
  Tensor l2_;
  std::vector<RandomKey> fresh_keys_;
  std::vector<RandomKey> cluster_keys_;
};

}  // namespace

void register_spare(Catalog& catalog);
void register_spare(Catalog& catalog) {
  catalog.methods.add<Spare>("spare", "Clusters early outputs, and draws rows of small clusters.",
                             "Yang et al. 2024, arXiv:2305.18761");
}

}  // namespace spurion::methods
