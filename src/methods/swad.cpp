#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct SwadOptions : L2Option {
  std::int64_t segments = 50;
  std::int64_t optimum_patience = 3;
  std::int64_t overfit_patience = 6;
  PerReplica<double> tolerance = 1.3;
  std::int64_t validation_rows = 500;
};

/// Stochastic weight averaging densely (Cha et al. 2021, algorithm 1): ERM whose parameters are
/// averaged over the steps from where the validation loss stops falling to where it overfits.
///
/// The steps are cut into segments of steps / `segments`, rounded down, but of one step at least.
/// So there are more than `segments` of them where the division leaves a remainder, and steps
/// behind the last whole segment do not enter; in the paper they do where no overfitting is seen.
/// After each the validation loss v_i of the trained parameters is taken on held-out rows of the
/// train domains. The average begins with the first segment t_s of a
/// window of N_s whose first loss is the least, and l = tolerance times the mean loss of the
/// window. It ends with segment i - N_e once the last N_e losses are all above l. Every step of a
/// segment enters. Until the average begins the trained parameters are evaluated. N_s = 3, N_e = 6
/// and tolerance 1.3 are the paper's; its runs take the loss about 50 times.
class Swad final : public Method {
 public:
  using Options = SwadOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field(
                "segments", &O::segments,
                "Validation losses over the training: one every steps / segments updates, rounded "
                "down.",
                between(1, 1e6))
            .field("optimum_patience", &O::optimum_patience,
                   "N_s: losses of the window that finds where the average begins.",
                   between(1, 100))
            .field("overfit_patience", &O::overfit_patience,
                   "N_e: losses above the tolerance that end the average.", between(1, 100))
            .field("tolerance", &O::tolerance,
                   "Factor of the mean loss of the first window, above which a loss overfits.",
                   at_least(1), uniform(1.1, 1.5))
            .field("validation_rows", &O::validation_rows,
                   "Held-out rows of each train domain for the validation loss, at most.",
                   between(1, 1e9))
            .include(L2Option::schema());
    return schema;
  }

  Swad(const Options& options, const MethodContext& context)
      : options_(options),
        length_(std::max<std::int64_t>(context.steps / options.segments, 1)),
        l2_(per_replica_tensor(options.l2, context)),
        started_(static_cast<std::size_t>(context.replicas), -1),
        ended_(static_cast<std::size_t>(context.replicas), 0),
        limit_(static_cast<std::size_t>(context.replicas), 0.0),
        counts_(static_cast<std::size_t>(context.replicas), 0) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.validation_rows = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return (static_cast<double>(kept()) + 4.0) * sizes.parameters +
           static_cast<double>(options_.validation_rows) * (sizes.row + sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    const Tensor now = trainer.parameters().detach();
    if (in_segment_ == 0) {
      segment_ = now.clone();
    } else {
      segment_ = segment_ + (now - segment_) / static_cast<double>(in_segment_ + 1);
    }
    if (++in_segment_ < length_) return;
    in_segment_ = 0;
    end_segment(trainer);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    if (!average_.defined()) return {};
    Tensor mean = trainer.parameters().detach().clone();
    for (std::int64_t k = 0; k < mean.size(0); ++k) {
      const auto replica = static_cast<std::size_t>(k);
      if (started_[replica] < 0) continue;
      Tensor own = average_[k].clone();
      std::int64_t count = counts_[replica];
      for (std::size_t i = 0; i < segments_.size() && ended_[replica] == 0; ++i) {
        if (first_ + static_cast<std::int64_t>(i) < started_[replica]) continue;
        add(own, count, segments_[i][k]);
      }
      mean[k].copy_(own);
    }
    return {{mean}};
  }

  void visit_state(StateVisitor& visit) override {
    visit("in_segment", in_segment_);
    visit("segment", segment_);
    visit("segments", segments_);
    visit.on(at::kCPU)("losses", losses_);
    visit("first", first_);
    visit("average", average_);
    visit("started", started_);
    visit("ended", ended_);
    visit("limit", limit_);
    visit("counts", counts_);
  }

 private:
  /// Segments kept one by one.
  [[nodiscard]] std::int64_t kept() const {
    return std::max(options_.optimum_patience, options_.overfit_patience);
  }
  /// The mean of `count` + 1 values from that of `count`.
  static void add(Tensor& mean, std::int64_t& count, const Tensor& value) {
    ++count;
    mean.add_((value - mean) / static_cast<double>(count));
  }

  void end_segment(ReplicaTrainer& trainer) {
    if (!average_.defined()) average_ = at::zeros_like(segment_);
    if (static_cast<std::int64_t>(segments_.size()) == kept()) drop_oldest();
    segments_.push_back(segment_.clone());
    losses_.push_back(validation_loss(trainer));
    for (std::size_t k = 0; k < started_.size(); ++k) judge(k);
  }

  /// The oldest segment goes into the averages that have it.
  void drop_oldest() {
    for (std::size_t k = 0; k < started_.size(); ++k) {
      if (started_[k] < 0 || ended_[k] != 0 || first_ < started_[k]) continue;
      Tensor own = average_[static_cast<std::int64_t>(k)];
      add(own, counts_[k], segments_.front()[static_cast<std::int64_t>(k)]);
    }
    segments_.erase(segments_.begin());
    losses_.erase(losses_.begin());
    ++first_;
  }

  [[nodiscard]] Tensor validation_loss(ReplicaTrainer& trainer) const {
    const at::NoGradGuard no_grad;
    const Batch rows = trainer.validation_rows(options_.validation_rows);
    return row_mean(row_losses(trainer.forward(rows.x), rows), rows).to(at::kCPU, at::kDouble);
  }

  /// Begins or ends the average of a replica after the newest loss.
  void judge(std::size_t k) {
    if (ended_[k] != 0) return;
    const auto count = static_cast<std::int64_t>(segments_.size());
    const std::int64_t patience =
        started_[k] < 0 ? options_.optimum_patience : options_.overfit_patience;
    if (count < patience) return;
    std::vector<double> window;
    for (std::int64_t i = count - patience; i < count; ++i) {
      window.push_back(losses_[static_cast<std::size_t>(i)].data_ptr<double>()[k]);
    }
    const double least = *std::min_element(window.begin(), window.end());
    if (started_[k] < 0) {
      if (!(window.front() <= least)) return;
      started_[k] = first_ + count - patience;
      double sum = 0.0;
      for (const double loss : window) sum += loss;
      limit_[k] =
          options_.tolerance.at(static_cast<std::int64_t>(k)) * sum / static_cast<double>(patience);
      return;
    }
    if (!(least > limit_[k])) return;
    Tensor own = average_[static_cast<std::int64_t>(k)];
    for (std::int64_t i = 0; i < count - patience; ++i) {
      if (first_ + i < started_[k]) continue;
      add(own, counts_[k], segments_[static_cast<std::size_t>(i)][static_cast<std::int64_t>(k)]);
    }
    ended_[k] = 1;
  }

  Options options_;
  std::int64_t length_;  // steps of a segment
  Tensor l2_;
  std::int64_t in_segment_ = 0;
  Tensor segment_;                     // [K, P]: mean of the steps of this segment so far
  std::vector<Tensor> segments_;       // [K, P] each: the last of them
  std::vector<Tensor> losses_;         // float64 [K] each: their validation losses
  std::int64_t first_ = 0;             // number of the first of them
  Tensor average_;                     // [K, P]: mean of the older segments
  std::vector<std::int64_t> started_;  // [K]: t_s; -1: not yet
  std::vector<std::int64_t> ended_;    // [K]: 1 once the average is complete
  std::vector<double> limit_;          // [K]: l
  std::vector<std::int64_t> counts_;   // [K]: segments in average_
};

}  // namespace

void register_swad(Catalog& catalog);
void register_swad(Catalog& catalog) {
  catalog.methods.add<Swad>("swad", "Averages the weights over the valley of the validation loss.",
                            "Cha et al. 2021, arXiv:2102.08604");
}

}  // namespace spurion::methods
