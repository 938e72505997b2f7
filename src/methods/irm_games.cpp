#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct IrmGamesOptions : L2Option {};

/// Invariant risk minimisation games (Ahuja et al. 2020), with fixed features (F-IRM): each of E
/// domains has a model of its own, the mean of their logits predicts, and each domain moves its
/// model only, to lower its own risk under that mean,
///
///     theta_e descends R_e(1/E sum_i z_i).
///
/// At an equilibrium no domain wants another model. In the authors' code one player moves with each
/// minibatch, in turn, and the game stops once the training accuracy falls below a threshold that
/// is chosen beforehand; here all players move at every step, each against what the others were,
/// and the number of steps is that of the trial. With one domain it is ERM. It costs as much as E
/// models.
class IrmGames final : public Method {
 public:
  using Options = IrmGamesOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(L2Option::schema());
    return schema;
  }

  IrmGames(const Options& options, const MethodContext& context)
      : context_(context), l2_(per_replica_tensor(options.l2, context)) {
    for (std::int64_t e = 1; e < context.domains; ++e) {
      others_.push_back("player_" + std::to_string(e));
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    std::vector<OwnBlock> blocks;
    for (const std::string& name : others_) blocks.push_back(second_model(name, model, context_));
    return blocks;
  }
  [[nodiscard]] double cost_factor() const override {
    return static_cast<double>(others_.size() + 1);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    Evaluated mean;
    if (others_.empty()) return mean;
    mean.join = Evaluated::Join::logits;
    mean.members.push_back(trainer.parameters().detach());
    for (const std::string& name : others_) mean.members.push_back(trainer.own(name).detach());
    return mean;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Tensor own = trainer.forward(batch.x).logits;
    Tensor sum = own.detach();
    std::vector<Tensor> each;
    for (const std::string& name : others_) {
      each.push_back(trainer.forward_at(trainer.own(name), batch.x).logits);
      sum = sum + each.back().detach();
    }
    for (std::size_t i = 0; i < others_.size(); ++i) {
      const auto player = static_cast<std::int64_t>(i) + 1;
      trainer.step_own(
          others_[i], risk(player, each[i], sum, batch) + l2_penalty(l2_, trainer.own(others_[i])));
    }
    trainer.step_from_losses(risk(0, own, sum, batch) + l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// The risk [K] of a player's domain under the mean of the logits, of which its own are trained.
  static Tensor risk(std::int64_t player, const Tensor& own, const Tensor& sum,
                     const Batch& batch) {
    Output mean;
    mean.logits = (own + (sum - own.detach())) / static_cast<double>(batch.domains);
    return domain_risks(mean, batch).select(1, player);
  }

  MethodContext context_;
  Tensor l2_;
  std::vector<std::string> others_;
};

}  // namespace

void register_irm_games(Catalog& catalog);
void register_irm_games(Catalog& catalog) {
  catalog.methods.add<IrmGames>("irm_games",
                                "One model a domain, each lowers the domain's risk of their mean.",
                                "Ahuja et al. 2020, arXiv:2002.04692");
}

}  // namespace spurion::methods
