#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "methods/shared/beta_draw.hpp"
#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct LisaOptions : L2Option {
  PerReplica<double> concentration = 2.0;
  PerReplica<double> same_label_share = 0.5;
  std::string across = "domain";
};

/// Selective augmentation (Yao et al. 2022): rows are mixed in pairs, x = s x_i + (1 - s) x_j, with
/// the loss s l(y_i) + (1 - s) l(y_j) and one s from Beta(a, a) for each minibatch. With
/// probability p all partners have the same label and another domain (what differs between domains
/// is averaged out), else another label and the same domain (what does not is kept). The partner is
/// drawn among the rows of the minibatch that fit; a row without one stays as it is.
///
/// With `across = "group"` partners of the same label have another cell of (label, cue) instead of
/// another domain, as in the paper's subpopulation shifts. There partners of another label have the
/// same cue; here they have the same domain, since the number of a group does not tell the cue. a =
/// 2 and p = 0.5 are the paper's, ranges those of SubpopBench. s is that of the paper's algorithm:
/// the code of the authors and of SubpopBench draws one for each row. The authors' code mixes whole
/// lists of rows, so that each row is a partner at most once.
class Lisa final : public Method {
 public:
  using Options = LisaOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("concentration", &O::concentration,
                   "Parameter a of the distribution Beta(a, a) of the share.", positive(),
                   log_uniform(1e-1, 1e1))
            .field("same_label_share", &O::same_label_share,
                   "Probability p that partners have the same label and another domain.",
                   between(0, 1), uniform(0, 1))
            .field("across", &O::across,
                   "What partners of the same label differ in. domain: the domain. group: the "
                   "group, whose labels are needed.",
                   one_of({"domain", "group"}))
            .include(L2Option::schema());
    return schema;
  }

  Lisa(const Options& options, const MethodContext& context)
      : concentration_(options.concentration),
        same_label_share_(options.same_label_share),
        groups_(options.across == "group"),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("lisa")) {
    if (context.task == Task::regression) throw UsageError("lisa needs classes");
    if (groups_) require_groups("lisa with across = 'group'", context);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    access.group_labels = groups_;
    return access;
  }
  /// The mixed rows are each replica's own.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 3.0 * sizes.batch_rows * sizes.row;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const auto step = static_cast<std::uint64_t>(trainer.step());
    const Tensor labels = batch.y.flatten(1).to(at::kCPU).contiguous();
    const Tensor groups = groups_ ? groups_of(batch).to(at::kCPU) : Tensor();
    const Tensor weights = batch.weight.defined()
                               ? batch.weight.flatten(1).to(at::kCPU, at::kFloat).contiguous()
                               : Tensor();
    const auto own = [](const auto* first, const Tensor& values, std::size_t k) {
      return first + (values.size(0) == 1 ? 0 : static_cast<std::int64_t>(k) * values.size(1));
    };
    const auto own_labels = [&](const Tensor& values, std::size_t k) {
      return own(values.data_ptr<std::int64_t>(), values, k);
    };
    std::vector<Tensor> others;
    std::vector<Tensor> shares;
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      const RandomKey key = keys_[k].child(step);
      const auto replica = static_cast<std::int64_t>(k);
      const RandomStream choice(key.child("rule"));
      const Rows rows{batch.domains,
                      batch.rows_per_domain,
                      own_labels(labels, k),
                      groups_ ? own_labels(groups, k) : nullptr,
                      choice.uniform(0) < same_label_share_.at(replica),
                      weights.defined() ? own(weights.data_ptr<float>(), weights, k) : nullptr};
      others.push_back(partners(key.child("partner"), rows));
      shares.push_back(at::full({batch.domains * batch.rows_per_domain},
                                beta_draw(key.child("share"), concentration_.at(replica)),
                                at::kFloat));
    }
    const MixedRows rows = mixed_rows(batch, at::stack(others).to(batch.x.device()),
                                      at::stack(shares).to(batch.x.device()));
    const Output output = trainer.forward(rows.first.x);
    trainer.step_from_losses(row_mean(mixed_losses(output, rows), rows.first) +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// The rows of a minibatch, of one replica.
  struct Rows {
    std::int64_t domains;
    std::int64_t per_domain;
    const std::int64_t* label;
    const std::int64_t* group;  ///< null: rows of the same label shall differ in the domain
    bool same_label;
    const float* weight;  ///< null: all rows count; one that does not may have an unseen label

    [[nodiscard]] std::int64_t count() const { return domains * per_domain; }
    /// Partners agree in the first number and differ in the second.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> of(std::int64_t i) const {
      const std::int64_t domain = i / per_domain;
      if (!same_label) return {domain, label[i]};
      return {label[i], group == nullptr ? domain : group[i]};
    }
  };

  /// The row that each row is mixed with, int64 [E * B]: itself where none fits.
  static Tensor partners(const RandomKey& key, const Rows& rows) {
    const RandomStream stream(key);
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < rows.count(); ++i) {
      if (rows.weight == nullptr || rows.weight[i] > 0.0F) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t i, std::int64_t j) { return rows.of(i) < rows.of(j); });
    Tensor other = at::arange(rows.count(), at::kLong);
    std::int64_t* partner = other.data_ptr<std::int64_t>();
    const auto end_of = [&](std::size_t from, const auto& same) {
      std::size_t to = from;
      while (to < order.size() && same(rows.of(order[to]))) ++to;
      return to;
    };
    for (std::size_t first = 0; first < order.size();) {
      // Rows that agree in the first number, block after block of the second.
      const std::int64_t agreed = rows.of(order[first]).first;
      const std::size_t last =
          end_of(first, [&](const auto& numbers) { return numbers.first == agreed; });
      for (std::size_t block = first; block < last;) {
        const auto own = rows.of(order[block]);
        const std::size_t next = end_of(block, [&](const auto& numbers) { return numbers == own; });
        const std::size_t fitting = (last - first) - (next - block);
        for (std::size_t i = block; i < next && fitting > 0; ++i) {
          const auto drawn = first + static_cast<std::size_t>(stream.below(
                                         static_cast<std::int64_t>(fitting), order[i]));
          partner[order[i]] = order[drawn < block ? drawn : drawn + (next - block)];
        }
        block = next;
      }
      first = last;
    }
    return other;
  }

  PerReplica<double> concentration_;
  PerReplica<double> same_label_share_;
  bool groups_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_lisa(Catalog& catalog);
void register_lisa(Catalog& catalog) {
  catalog.methods.add<Lisa>("lisa",
                            "Trains on mixtures of rows of one label across domains, or of two "
                            "labels in one domain.",
                            "Yao et al. 2022, arXiv:2201.00299");
}

}  // namespace spurion::methods
