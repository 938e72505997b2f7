#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "methods/shared/balanced_kinds.hpp"
#include "methods/shared/group_weights.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"

namespace spurion::methods {
namespace {

struct SubsampledErmOptions : BalanceOptions {};

/// A draw named by the contents of a row.
std::uint64_t name_of(const char* row, std::size_t bytes) {
  RandomKey key(0);
  for (std::size_t done = 0; done < bytes; done += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, row + done, std::min(sizeof word, bytes - done));
    key = key.child(word);
  }
  return key.value();
}

/// ERM on as many rows of each group as the smallest has; the rest of the training set is thrown
/// away. With full batches exactly that. With minibatches each is cut so, by a draw that a row's
/// own contents name: mostly the same rows stay in every epoch. With `by = "class"` the classes are
/// cut so, and no group labels are needed (SUBG and SUBY of Idrissi et al. 2022).
class SubsampledErm final : public ObjectiveMethod {
 public:
  using Options = SubsampledErmOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(BalanceOptions::schema());
    return schema;
  }

  SubsampledErm(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)),
        kinds_("subsampled_erm", options.by, context) {}

  [[nodiscard]] Access needs() const override { return kinds_.needs(); }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor losses = losses::row_loss(batch.task, output.logits, batch.y.flatten(1));
    Tensor weights = kept(batch);
    if (batch.weight.defined()) weights = weights * batch.weight.flatten(1);
    return weighted_mean(losses, weights) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  /// B / (rows kept) for the rows that are kept, else 0: [K or 1, B].
  [[nodiscard]] Tensor kept(const Batch& batch) const {
    // Contents are read in host memory.
    const Tensor group = kinds_.counted(batch).to(at::kCPU);
    const std::int64_t kinds = kinds_.count();
    const Tensor counts = kinds_.counts(batch).to(at::kCPU);
    const Tensor x = batch.x.to(at::kCPU).flatten(2).contiguous();
    const std::int64_t sets = std::max(x.size(0), group.size(0));
    const std::int64_t rows = group.size(1);
    const auto bytes = static_cast<std::size_t>(x.size(2)) * x.element_size();
    Tensor weights = at::zeros({sets, rows});
    for (std::int64_t k = 0; k < sets; ++k) {
      const std::int64_t labels = group.size(0) == 1 ? 0 : k;
      const std::int64_t* own = group.data_ptr<std::int64_t>() + labels * rows;
      const std::int64_t* count = counts.data_ptr<std::int64_t>() + labels * kinds;
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      std::int64_t present = 0;
      for (std::int64_t g = 0; g < kinds; ++g) {
        if (count[g] == 0) continue;
        least = std::min(least, count[g]);
        ++present;
      }
      const auto* base = static_cast<const char*>(x.data_ptr()) +
                         static_cast<std::size_t>((x.size(0) == 1 ? 0 : k) * rows) * bytes;
      const float weight = static_cast<float>(rows) / static_cast<float>(least * present);
      for (std::int64_t g = 0; g < kinds; ++g) {
        std::vector<std::pair<std::uint64_t, std::int64_t>> draws;
        for (std::int64_t i = 0; i < rows; ++i) {
          if (own[i] != g) continue;
          draws.emplace_back(name_of(base + static_cast<std::size_t>(i) * bytes, bytes), i);
        }
        std::sort(draws.begin(), draws.end());
        for (std::size_t i = 0; i < draws.size() && static_cast<std::int64_t>(i) < least; ++i) {
          weights.data_ptr<float>()[k * rows + draws[i].second] = weight;
        }
      }
    }
    return weights.to(batch.x.device());
  }

  Tensor l2_;
  BalancedKinds kinds_;
};

}  // namespace

void register_subsampled_erm(Catalog& catalog);
void register_subsampled_erm(Catalog& catalog) {
  catalog.methods.add<SubsampledErm>(
      "subsampled_erm",
      "ERM on a subsample with equally many rows of each group, or of "
      "each class.",
      "Sagawa et al. 2020, arXiv:2005.04345; Idrissi et al. 2022, "
      "arXiv:2110.14503");
}

}  // namespace spurion::methods
