#include "harness/measure/cue_truth.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/measurement_names.hpp"
#include "harness/measure/replica_groups.hpp"
#include "harness/measure/row_scorer.hpp"
#include "nouns/default_twin.hpp"

namespace spurion::harness {

namespace {

/// Probabilities of every class, float64 [K, B, C].
Tensor class_probabilities(Task task, const Tensor& logits) {
  const Tensor exact = logits.to(at::kCPU, at::kDouble);
  if (task != Task::binary) return exact.softmax(2);
  const Tensor one = exact.sigmoid();
  return at::cat({1.0 - one, one}, 2);
}

/// What changes between rows and their twins, summed over rows, row by row.
struct Change {
  std::vector<double> flips;
  std::vector<double> distance;

  explicit Change(std::int64_t replicas)
      : flips(static_cast<std::size_t>(replicas), 0.0),
        distance(static_cast<std::size_t>(replicas), 0.0) {}

  /// Of replicas from `first` on; both [count, B, C].
  void add(std::int64_t first, const Tensor& own, const Tensor& twin) {
    const Tensor flipped = own.argmax(2).ne(twin.argmax(2)).to(at::kDouble).contiguous();
    const Tensor apart = (own - twin).abs().contiguous();
    const std::int64_t rows = own.size(1);
    const std::int64_t classes = own.size(2);
    for (std::int64_t k = 0; k < own.size(0); ++k) {
      const auto replica = static_cast<std::size_t>(first + k);
      for (std::int64_t b = 0; b < rows; ++b) {
        flips[replica] += flipped.data_ptr<double>()[k * rows + b];
        const double* each = apart.data_ptr<double>() + (k * rows + b) * classes;
        double sum = 0.0;
        for (std::int64_t c = 0; c < classes; ++c) sum += each[c];
        distance[replica] += 0.5 * sum;
      }
    }
  }
};

}  // namespace

MetricValues cue_truth(const PackScorer& scorer, const ReplicaTrainer& trainer,
                       const DomainRowCount& rows) {
  const at::NoGradGuard no_grad;
  const EnvironmentInfo& info = scorer.distinct().front()->info();
  MetricValues values;
  for (const std::string& cue : info.every_cue()) {
    const Intervention twin = nouns::default_twin(*scorer.distinct().front(), cue);
    if (twin.kind == Intervention::Kind::none) continue;
    Change change(trainer.replicas());
    for (const ReplicaGroup& group : replica_groups(scorer, trainer.replicas())) {
      const Domain domain = scorer.own(*group.environment, rows.domain);
      for (std::int64_t first = 0; first < rows.count; first += kEvaluationChunk) {
        const RowRange range{first, std::min(kEvaluationChunk, rows.count - first)};
        const auto predicted = [&](const Intervention& action) {
          const Tensor x = scorer.shown(
              group.environment->sample(domain, rows.split, range, action).x, group.replicas);
          return class_probabilities(info.task,
                                     evaluated_logits(scorer.evaluated(), trainer, group.replicas,
                                                      x.to(trainer.device()), info.task));
        };
        change.add(group.replicas.first, predicted(Intervention::none()), predicted(twin));
      }
    }
    const auto mean = [&](const std::vector<double>& sums) {
      return at::tensor(sums, at::kDouble) / static_cast<double>(rows.count);
    };
    values[core::stored_name(core::MetricId::cue_flip_rate, cue)] = mean(change.flips);
    values[core::stored_name(core::MetricId::output_change, cue)] = mean(change.distance);
  }
  return values;
}

}  // namespace spurion::harness
