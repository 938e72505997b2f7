#include <ATen/ATen.h>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct ChiSquareDroOptions : L2Option {
  PerReplica<double> size = 1.0;
};

/// Float64 [K, n]: for losses [K, n] from the largest to the smallest the weights q that make
/// sum_i q_i l_i largest, with sum_i (n q_i - 1)^2 / (2 n) <= size [K, 1].
///
/// They are q_i ~ max(l_i - eta, 0). With m rows above eta, of mean mu and variance V,
/// n (V + d^2) = (1 + 2 size) m d^2 for d = mu - eta. m is the least number of rows for which the
/// weights at eta = l_(m + 1) are not too unequal. The largest losses share all where that is
/// allowed.
Tensor worst_weights(const Tensor& sorted, const Tensor& size) {
  const std::int64_t rows = sorted.size(1);
  const Tensor largest = sorted.narrow(1, 0, 1);
  const Tensor losses = sorted - largest;  // near 0 squares lose fewer digits
  const Tensor count = at::arange(1, rows + 1, sorted.options()).unsqueeze(0);
  const Tensor mean = losses.cumsum(1) / count;
  const Tensor variance = ((losses * losses).cumsum(1) / count - mean * mean).clamp_min(0.0);
  const Tensor most = 1.0 + 2.0 * size;  // of n sum_i q_i^2
  // Of the first m rows, if eta were the loss of the next one; that of the last rows is -infinity.
  const Tensor next = at::cat({losses.narrow(1, 1, rows - 1), losses.narrow(1, rows - 1, 1)}, 1);
  const Tensor above = (mean - next).square();
  Tensor allowed = ((variance + above) * static_cast<double>(rows)).le(most * count * above);
  allowed = allowed.logical_and(above.gt(0.0)).logical_or(count.eq(rows));
  const Tensor last = allowed.logical_not().to(at::kLong).cumprod(1).sum(1, true);  // m - 1
  const auto of_last = [&](const Tensor& values) { return values.gather(1, last); };
  const Tensor room = most * (last + 1).to(at::kDouble) - static_cast<double>(rows);
  const Tensor distance =
      (of_last(variance) * static_cast<double>(rows) / room.clamp_min(1e-300)).sqrt();
  const Tensor active = count.le(last + 1);
  const Tensor raised =
      at::where(active, (losses - of_last(mean) + distance).clamp_min(0.0), at::zeros_like(losses));
  const Tensor sum = raised.sum(1, true);
  // Where the rows that count have one loss, they count alike.
  const Tensor alike = active.to(at::kDouble) / (last + 1).to(at::kDouble);
  return at::where(sum.gt(0.0), raised / at::where(sum.gt(0.0), sum, at::ones_like(sum)), alike);
}

/// Distributionally robust optimisation over a ball of the chi-square divergence (Levy et al.
/// 2020): the largest weighted mean of the losses of a minibatch of n rows, over weights q with sum
/// 1 and sum_i (n q_i - 1)^2 / (2 n) <= size. A size of (n - 1) / 2 allows a single row. The
/// paper's code finds eta by bisection; here it has a closed form. Where the minibatch has weights
/// of rows, they multiply the losses. No source has a search range; that of the size is ours.
class ChiSquareDro final : public ObjectiveMethod {
 public:
  using Options = ChiSquareDroOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("size", &O::size, "Largest divergence of the weights from equal weights.",
                   positive(), log_uniform(1e-2, 1e1))
            .include(L2Option::schema());
    return schema;
  }

  ChiSquareDro(const Options& options, const MethodContext& context)
      : size_(per_replica_tensor(options.size, context).to(at::kDouble).unsqueeze(1)),
        l2_(per_replica_tensor(options.l2, context)) {}

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    Tensor losses = row_losses(output, batch).flatten(1);
    if (batch.weight.defined()) losses = losses * batch.weight.flatten(1);
    const auto [sorted, order] =
        losses.detach().to(at::kDouble).sort(/*stable=*/true, 1, /*descending=*/true);
    const Tensor of_rank = worst_weights(sorted, size_);
    const Tensor weights = at::zeros_like(of_rank).scatter(1, order, of_rank);
    // `weighted_mean` divides by the rows.
    const Tensor scaled = (weights * static_cast<double>(losses.size(1))).to(losses.scalar_type());
    return weighted_mean(losses, scaled) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  Tensor size_;
  Tensor l2_;
};

}  // namespace

void register_chi_square_dro(Catalog& catalog);
void register_chi_square_dro(Catalog& catalog) {
  catalog.methods.add<ChiSquareDro>(
      "chi_square_dro",
      "Minimises the worst mean loss under weights of rows that are nearly equal.",
      "Levy et al. 2020, arXiv:2010.05893");
}

}  // namespace spurion::methods
