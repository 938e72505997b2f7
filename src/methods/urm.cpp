#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct UrmOptions : L2Option {
  PerReplica<double> penalty_weight = 0.1;
  std::string range = "relu";
  PerReplica<double> discriminator_learning_rate = 1e-3;
  std::int64_t discriminator_depth = 2;
  std::int64_t discriminator_width = 100;
};

/// Uniform risk minimisation (Krishnamachari et al. 2024; as in DomainBed): the features shall be
/// uniformly distributed. A discriminator D tells uniform noise u, as many numbers as a row has
/// features, from the features f of the rows. With the logistic loss the model minimises
///
///     R + lambda mean log(1 + exp(-D(f))),
///
/// then the discriminator mean log(1 + exp(-D(u))) + lambda mean log(1 + exp(D(f))), with its own
/// Adam. The noise is from U[0, 1), DomainBed's choice for features behind a ReLU, or from
/// U[-1, 1), its choice behind a tanh.
///
/// Defaults and ranges are DomainBed's, except for `range`: there an activation is put behind the
/// features, by default a tanh; here the features are those of the model, and most models have
/// ReLUs. DomainBed's discriminator has leaky ReLUs, here it has ReLUs. Of a model that is linear
/// in its inputs the features are the inputs, so it is trained as by `erm`.
class Urm final : public Method {
 public:
  using Options = UrmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier lambda of the losses on features.", at_least(0), uniform(0.0, 0.2))
            .field("range", &O::range, "Range of the noise. relu: from 0 to 1. tanh: from -1 to 1.",
                   one_of({"relu", "tanh"}))
            .field("discriminator_learning_rate", &O::discriminator_learning_rate,
                   "Step size of the discriminator's Adam.", positive(), log_uniform(3e-6, 3e-4))
            .field("discriminator_depth", &O::discriminator_depth,
                   "Hidden layers of the discriminator.", between(0, 16), uniform_integer(2, 4))
            .field("discriminator_width", &O::discriminator_width,
                   "Units of each hidden layer of the discriminator.", between(1, 65536))
            .include(L2Option::schema());
    return schema;
  }

  Urm(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        discriminator_("discriminator",
                       {1, options.discriminator_depth, options.discriminator_width}),
        weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("noise")) {}

  [[nodiscard]] double cost_factor() const override { return 1.5; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    OptimizerOptions adam;
    adam.learning_rate = options_.discriminator_learning_rate;
    return {discriminator_.block(PerceptronInputs::of(model, context_), context_, adam)};
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const Tensor f = domain_features(output, batch).flatten(1, 2);  // [K, R, F]
    // What the model minimises has the discriminator as it is before its update.
    const Tensor fooled = row_mean(losses::softplus(-judged(trainer, f)), batch);
    Batch alike = batch;
    alike.weight = Tensor();
    const Tensor noise = drawn(trainer.step(), f.size(1), f.size(2)).to(f.device());
    trainer.step_own(discriminator_.name(),
                     row_mean(losses::softplus(-judged(trainer, noise)), alike) +
                         weight_ * row_mean(losses::softplus(judged(trainer, f.detach())), batch));
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) + weight_ * fooled +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// D of each row, [K, R].
  [[nodiscard]] Tensor judged(const ReplicaTrainer& trainer, const Tensor& rows) const {
    return discriminator_(trainer, rows).squeeze(2);
  }

  /// [K, rows, features]
  [[nodiscard]] Tensor drawn(std::int64_t step, std::int64_t rows, std::int64_t features) const {
    std::vector<Tensor> each;
    for (const RandomKey& key : keys_) {
      each.push_back(at::empty({rows, features}, at::kDouble));
      RandomStream(key.child(static_cast<std::uint64_t>(step)))
          .fill_uniform(0, rows, features, each.back().data_ptr<double>());
    }
    const Tensor numbers = at::stack(each);
    return (options_.range == "tanh" ? 2.0 * numbers - 1.0 : numbers).to(at::kFloat);
  }

  Options options_;
  MethodContext context_;
  OwnPerceptron discriminator_;
  Tensor weight_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_urm(Catalog& catalog);
void register_urm(Catalog& catalog) {
  catalog.methods.add<Urm>("urm", "Features that a discriminator cannot tell from uniform noise.",
                           "Krishnamachari et al. 2024 (TMLR, Uniformly distributed feature "
                           "representations for fair and robust learning)");
}

}  // namespace spurion::methods
