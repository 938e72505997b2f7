#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/beta_draw.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct MixupOptions : L2Option {
  PerReplica<double> concentration = 0.2;
};

/// Mixup between domains (Zhang et al. 2018; Yan et al. 2020; as in DomainBed). At each step the
/// domains stand in a random circle. Row b of a domain is mixed with row b of the next one: x = s
/// x_i + (1 - s) x_j, and its loss is s l(y_i) + (1 - s) l(y_j), with one s from Beta(a, a) for
/// each domain. With one domain, rows are mixed with rows of the same minibatch, in a random order.
class Mixup final : public Method {
 public:
  using Options = MixupOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("concentration", &Options::concentration,
                   "Parameter a of the distribution Beta(a, a) of the shares.", positive(),
                   log_uniform(1e-1, 1e1))
            .include(L2Option::schema());
    return schema;
  }

  Mixup(const Options& options, const MethodContext& context)
      : concentration_(options.concentration),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("mix")) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  /// The mixed rows are each replica's own.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 3.0 * sizes.batch_rows * sizes.row;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const auto step = static_cast<std::uint64_t>(trainer.step());
    std::vector<Tensor> others;
    std::vector<Tensor> shares;
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      const RandomKey key = keys_[k].child(step);
      others.push_back(partners(key, batch));
      const double a = concentration_.at(static_cast<std::int64_t>(k));
      Tensor share = at::empty({batch.domains, 1});
      for (std::int64_t e = 0; e < batch.domains; ++e) {
        share[e] = beta_draw(key.child("share").child(static_cast<std::uint64_t>(e)), a);
      }
      shares.push_back(share.expand({-1, batch.rows_per_domain}).flatten());
    }
    const MixedRows rows = mixed_rows(batch, at::stack(others).to(batch.x.device()),
                                      at::stack(shares).to(batch.x.device()));
    const Output output = trainer.forward(rows.first.x);
    trainer.step_from_losses(row_mean(mixed_losses(output, rows), rows.first) +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// The row that each row is mixed with, int64 [E * B].
  static Tensor partners(const RandomKey& key, const Batch& batch) {
    const std::int64_t rows = batch.rows_per_domain;
    if (batch.domains == 1) return at::tensor(permutation(key.child("order"), rows), at::kLong);
    const auto circle = permutation(key.child("order"), batch.domains);
    Tensor other = at::empty({batch.domains, rows}, at::kLong);
    for (std::size_t i = 0; i < circle.size(); ++i) {
      const std::int64_t next = circle[(i + 1) % circle.size()];
      other[circle[i]] = at::arange(next * rows, (next + 1) * rows, at::kLong);
    }
    return other.flatten();
  }

  PerReplica<double> concentration_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_mixup(Catalog& catalog);
void register_mixup(Catalog& catalog) {
  catalog.methods.add<Mixup>("mixup", "Trains on mixtures of rows of two domains.",
                             "Zhang et al. 2018, arXiv:1710.09412; Yan et al. 2020, "
                             "arXiv:2001.00677");
}

}  // namespace spurion::methods
