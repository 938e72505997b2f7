#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct SoupOptions : L2Option {
  std::int64_t members = 4;
  double shared_share = 0.5;
  std::string recipe = "uniform";
  std::int64_t choices = 20;
  std::int64_t validation_rows = 500;
};

/// Model soup (Wortsman et al. 2022) and DiWA (Rame et al. 2022): the mean of the weights of
/// several fine-tunings from one start. ERM trains the start for `shared_share` of the steps; the
/// papers' start is a pretrained model. Then every step updates every member, and all those
/// updates count towards the cost, so that M members cost M times as much from there on.
///
/// Members differ in two ways. Each draws as many rows of the minibatch as it has, with
/// replacement; the papers give each its own order of rows. The change of member i is scaled by 1,
/// 0.6 or 0.2 in turn: DiWA draws learning rates of 5e-5, 3e-5 and 1e-5. The papers also draw
/// weight decay and dropout, which are the same for all here; their soups have dozens of members.
///
/// `uniform` (DiWA) is the mean of all members. `greedy` begins with the member that is best on
/// held-out rows of the train domains, and goes through the others from the best to the worst: a
/// member stays in the mean where the mean is then no worse. It is chosen anew after every
/// fine-tuning steps / `choices`, rounded down, and at the end; before the first time the first
/// member is evaluated. The score is the accuracy, or minus the squared error.
class Soup final : public Method {
 public:
  using Options = SoupOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("members", &O::members, "Number of fine-tuned models.", between(1, 64))
            .field("shared_share", &O::shared_share,
                   "Share of the steps that train the start of all members.", between(0, 1),
                   uniform(0.1, 0.9))
            .field("recipe", &O::recipe,
                   "uniform: the mean of all members. greedy: of those that help on held-out rows "
                   "of the train domains.",
                   one_of({"uniform", "greedy"}))
            .field(
                "choices", &O::choices,
                "The greedy recipe chooses every fine-tuning updates / choices, rounded down, and "
                "at the end.",
                between(1, 1e6))
            .field("validation_rows", &O::validation_rows,
                   "Held-out rows of each train domain for the greedy recipe, at most.",
                   between(1, 1e9))
            .include(L2Option::schema());
    return schema;
  }

  Soup(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        stages_({options.shared_share}, context),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("rows")) {
    for (std::int64_t i = 1; i < options.members; ++i) {
      others_.push_back("member_" + std::to_string(i));
    }
    length_ = std::max<std::int64_t>((context.steps - first()) / options.choices, 1);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.validation_rows = greedy();
    return access;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    std::vector<OwnBlock> blocks;
    for (const std::string& name : others_) blocks.push_back(second_model(name, model, context_));
    return blocks;
  }
  [[nodiscard]] double cost_factor() const override {
    return options_.shared_share +
           (1.0 - options_.shared_share) * static_cast<double>(others_.size() + 1);
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    const double rows = greedy() ? static_cast<double>(options_.validation_rows) : 0.0;
    return 3.0 * sizes.parameters + rows * (sizes.row + sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t now = trainer.step();
    if (now == first()) part(trainer);
    const bool parted = now >= first();
    if (parted) {
      for (std::size_t i = 0; i < others_.size(); ++i) step_member(i, trainer, batch);
    }
    const Tensor losses = row_losses(trainer.forward(batch.x), batch);
    trainer.step_from_losses(row_mean(parted ? losses * drawn(0, now, batch) : losses, batch) +
                             l2_penalty(l2_, trainer.parameters()));
    if (!parted || !greedy()) return;
    const std::int64_t done = trainer.step() - first();
    if (done % length_ == 0 || trainer.step() == context_.steps) choose(trainer);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    Evaluated mean;
    if (trainer.step() <= first() || others_.empty()) return mean;
    const std::vector<Tensor> all = members(trainer);
    if (!greedy()) {
      Tensor sum = all.front();
      for (std::size_t i = 1; i < all.size(); ++i) sum = sum + all[i];
      mean.members.push_back(sum / static_cast<double>(all.size()));
      return mean;
    }
    if (!chosen_.defined()) return mean;
    const Tensor chosen = chosen_.to(trainer.device());
    Tensor sum = at::zeros_like(all.front());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor in = chosen.select(0, static_cast<std::int64_t>(i)).unsqueeze(1);
      sum = sum + at::where(in, all[i], at::zeros_like(sum));
    }
    mean.members.push_back(sum / chosen.sum(0).unsqueeze(1));
    return mean;
  }

  void visit_state(StateVisitor& visit) override { visit.on(at::kCPU)("chosen", chosen_); }

 private:
  [[nodiscard]] bool greedy() const { return options_.recipe == "greedy"; }
  /// The step at which the members part. All replicas of a pack share it.
  [[nodiscard]] std::int64_t first() const { return stages_.first_step(1, 0); }

  /// All members begin at the trained weights.
  void part(ReplicaTrainer& trainer) const {
    const Tensor all = at::ones({trainer.replicas()}, at::kBool);
    const Tensor start = trainer.parameters().detach().clone();
    if (trainer.step() > 0) trainer.restart(all, start);
    for (const std::string& name : others_) {
      trainer.set_own(name, start);
      trainer.own_optimizer(name).reset(all);
    }
  }

  void step_member(std::size_t i, ReplicaTrainer& trainer, const Batch& batch) const {
    const std::string& name = others_[i];
    const Tensor& parameters = trainer.own(name);
    const Tensor losses = row_losses(trainer.forward_at(parameters, batch.x), batch);
    const Tensor before = parameters.detach();
    const auto member = static_cast<std::int64_t>(i) + 1;
    trainer.step_own(name, row_mean(losses * drawn(member, trainer.step(), batch), batch) +
                               l2_penalty(l2_, parameters));
    // Every update rule is proportional to its rate, so scaling the change scales the rate.
    constexpr double kFactors[] = {1.0, 0.6, 0.2};
    const double factor = kFactors[member % 3];
    if (factor != 1.0) {
      trainer.set_own(name, before + factor * (trainer.own(name).detach() - before));
    }
  }

  /// How often a member draws each row of the minibatch, [K, E, B].
  [[nodiscard]] Tensor drawn(std::int64_t member, std::int64_t step, const Batch& batch) const {
    const std::int64_t rows = batch.domains * batch.rows_per_domain;
    const auto replicas = static_cast<std::int64_t>(keys_.size());
    Tensor counts = at::zeros({replicas, rows});
    float* count = counts.data_ptr<float>();
    for (const RandomKey& key : keys_) {
      const RandomStream stream(key.child(static_cast<std::uint64_t>(member)));
      for (std::int64_t i = 0; i < rows; ++i) count[stream.below(rows, step, i)] += 1.0F;
      count += rows;
    }
    return counts.reshape({replicas, batch.domains, batch.rows_per_domain})
        .to(batch.x.defined() ? batch.x.device() : context_.device);
  }

  [[nodiscard]] std::vector<Tensor> members(const ReplicaTrainer& trainer) const {
    std::vector<Tensor> all = {trainer.parameters().detach()};
    for (const std::string& name : others_) all.push_back(trainer.own(name).detach());
    return all;
  }

  /// How good parameters [K, P] are on validation rows: float64 [K] in host memory.
  static Tensor score(const ReplicaTrainer& trainer, const Tensor& parameters, const Batch& rows) {
    const Output output = trainer.forward_at(parameters, rows.x);
    const Tensor each = rows.task == Task::regression ? -row_losses(output, rows)
                                                      : row_correct(output, rows).to(at::kFloat);
    return row_mean(each, rows).to(at::kCPU, at::kDouble);
  }

  /// The greedy recipe, for each replica.
  void choose(ReplicaTrainer& trainer) {
    const at::NoGradGuard no_grad;
    const Batch rows = trainer.validation_rows(options_.validation_rows);
    const std::vector<Tensor> all = members(trainer);
    const auto count = static_cast<std::int64_t>(all.size());
    const std::int64_t replicas = trainer.replicas();
    std::vector<Tensor> scores;
    for (const Tensor& member : all) scores.push_back(score(trainer, member, rows));
    // [K][members]: from the best to the worst; of equal ones the first comes first.
    std::vector<std::vector<std::int64_t>> order(static_cast<std::size_t>(replicas));
    for (std::int64_t k = 0; k < replicas; ++k) {
      auto& own = order[static_cast<std::size_t>(k)];
      own.resize(all.size());
      std::iota(own.begin(), own.end(), 0);
      const auto of = [&](std::int64_t i) {
        return scores[static_cast<std::size_t>(i)].data_ptr<double>()[k];
      };
      std::stable_sort(own.begin(), own.end(),
                       [&](std::int64_t i, std::int64_t j) { return of(i) > of(j); });
    }
    chosen_ = at::zeros({count, replicas}, at::kBool);
    bool* chosen = chosen_.data_ptr<bool>();
    Tensor sum;
    Tensor size = at::zeros({replicas, 1}, all.front().options());
    Tensor best;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      std::vector<Tensor> next;
      for (std::int64_t k = 0; k < replicas; ++k) {
        next.push_back(all[static_cast<std::size_t>(order[static_cast<std::size_t>(k)][rank])][k]);
      }
      const Tensor added = at::stack(next);
      const Tensor with = sum.defined() ? sum + added : added;
      const Tensor value = score(trainer, (with / (size + 1.0)).contiguous(), rows);
      const Tensor stays = sum.defined() ? value.ge(best) : at::ones({replicas}, at::kBool);
      const Tensor mask = stays.to(trainer.device()).unsqueeze(1);
      sum = sum.defined() ? at::where(mask, with, sum) : with;
      size = size + mask.to(size.scalar_type());
      best = best.defined() ? at::where(stays, value, best) : value;
      for (std::int64_t k = 0; k < replicas; ++k) {
        if (!stays.data_ptr<bool>()[k]) continue;
        chosen[order[static_cast<std::size_t>(k)][rank] * replicas + k] = true;
      }
    }
  }

  Options options_;
  MethodContext context_;
  Stages stages_;
  Tensor l2_;
  std::vector<std::string> others_;
  std::vector<RandomKey> keys_;
  std::int64_t length_ = 1;  // steps between two choices
  Tensor chosen_;            // bool [members, K], in host memory; undefined: not yet
};

}  // namespace

void register_soup(Catalog& catalog);
void register_soup(Catalog& catalog) {
  catalog.methods.add<Soup>("soup", "Evaluates the mean weights of several fine-tunings.",
                            "Wortsman et al. 2022, arXiv:2203.05482; Rame et al. 2022, "
                            "arXiv:2205.09739");
}

}  // namespace spurion::methods
