#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "methods/shared/base_risk.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct ContinualBackpropOptions : BaseRiskOptions {
  double replacement_rate = 1e-3;
  double utility_decay = 0.99;
  std::int64_t maturity = 50;
};

/// A fully connected hidden layer between two weight blocks of the flat parameters.
struct HiddenLayer {
  ParameterBlock in;    // [inputs, units]
  ParameterBlock bias;  // [units]
  ParameterBlock out;   // [units, outputs]
};

/// Continual backpropagation (Dohare et al. 2024): of the hidden units that have lived for
/// `maturity` updates, those of least utility are replaced at a small rate: fresh incoming weights,
/// no outgoing ones. Utility is a running mean of |activation| * sum |outgoing weight|, corrected
/// for its start at 0.
///
/// Units are those of the fully connected layers of ReLU that a model's parameter blocks show
/// (`mlp`); a model without any is trained plainly, and so is a layer whose weights are not all
/// trained. Three things differ from the authors' code: Adam's moments of replaced weights are
/// kept, biases of the next layer do not make up for what a replaced unit gave on average, and a
/// fresh unit's bias is drawn as at the start. Activations are those under the new parameters:
/// another pass through the hidden layers, which is counted as such.
class ContinualBackprop final : public Method {
 public:
  using Options = ContinualBackpropOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("replacement_rate", &O::replacement_rate,
                   "Share of the mature units of a layer that each update replaces.", between(0, 1),
                   log_uniform(1e-5, 1e-2))
            .field("utility_decay", &O::utility_decay, "Decay of the running mean of utilities.",
                   Bounds{0.0, 1.0, false, true, {}})
            .field("maturity", &O::maturity,
                   "Number of updates during which a new unit cannot be replaced.", at_least(0))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  ContinualBackprop(const Options& options, const MethodContext& context)
      : risk_(options, context),
        options_(options),
        replicas_(context.replicas),
        keys_(context.child_keys("continual_backprop")) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + sizes.parameters;
  }
  [[nodiscard]] double cost_factor() const override { return 4.0 / 3.0; }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) override {
    risk_.begin_phase(phase);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    trainer.step_from_losses(risk_(trainer.forward(batch), batch, trainer));
    const std::vector<HiddenLayer> layers = hidden_layers(trainer.model());
    if (layers.empty() || batch.linear) return;
    if (utility_.empty()) {
      for (const HiddenLayer& layer : layers) {
        utility_.push_back(
            at::zeros({replicas_, layer.bias.shape[0]}, at::device(trainer.device())));
        age_.push_back(at::zeros({replicas_, layer.bias.shape[0]}, at::kLong));
        due_.push_back(at::zeros({replicas_}, at::kDouble));
      }
    }
    const at::NoGradGuard no_grad;
    Tensor parameters = trainer.parameters().detach();
    Tensor hidden = batch.x.flatten(2);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Tensor weight = block(parameters, layers[l].in);
      const Tensor bias = block(parameters, layers[l].bias);
      std::vector<Tensor> each;  // a replica at a time: its result must not depend on the others
      for (std::int64_t k = 0; k < replicas_; ++k) {
        const Tensor rows = hidden[hidden.size(0) == 1 ? 0 : k];
        each.push_back(at::addmm(bias[k], rows, weight[k]).relu());
      }
      hidden = at::stack(each);
      trainer.model().count_flops(2.0 * static_cast<double>(replicas_ * hidden.size(1)) *
                                  static_cast<double>(element_count(layers[l].in.shape)));
      const Tensor outgoing = block(parameters, layers[l].out).abs().sum(2);
      utility_[l] = options_.utility_decay * utility_[l] +
                    (1.0 - options_.utility_decay) * hidden.mean(1) * outgoing;
      age_[l] += 1;
      if (!trained(trainer, layers[l])) continue;
      due_[l] += options_.replacement_rate * age_[l].ge(options_.maturity).sum(1).to(at::kDouble);
      replace_least_useful(trainer, layers[l], l, parameters);
    }
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("utility", utility_);
    StateVisitor counted = visit.on(at::kCPU);
    counted("age", age_);
    counted("due", due_);
  }

 private:
  static Tensor block(const Tensor& parameters, const ParameterBlock& which) {
    Shape shape = which.shape;
    shape.insert(shape.begin(), parameters.size(0));
    return parameters.narrow(1, which.offset, element_count(which.shape)).reshape(shape);
  }

  /// Whether updates may change all that a replacement would.
  static bool trained(const ReplicaTrainer& trainer, const HiddenLayer& layer) {
    const Tensor& trainable = trainer.limits().trainable;
    if (!trainable.defined()) return true;
    for (const ParameterBlock* block : {&layer.in, &layer.bias, &layer.out}) {
      if (!trainable.narrow(0, block->offset, element_count(block->shape)).all().item<bool>()) {
        return false;
      }
    }
    return true;
  }

  static std::vector<HiddenLayer> hidden_layers(const Model& model) {
    const auto& layout = model.layout();
    std::vector<HiddenLayer> layers;
    for (std::size_t i = 0; i + 2 < layout.size(); i += 2) {
      const ParameterBlock& in = layout[i];
      const ParameterBlock& bias = layout[i + 1];
      const ParameterBlock& out = layout[i + 2];
      const bool chain = in.shape.size() == 2 && bias.shape.size() == 1 && out.shape.size() == 2 &&
                         in.shape[1] == bias.shape[0] && out.shape[0] == in.shape[1];
      if (!chain) return {};
      layers.push_back({in, bias, out});
    }
    return layers;
  }

  void replace_least_useful(const ReplicaTrainer& trainer, const HiddenLayer& layer, std::size_t l,
                            Tensor& parameters) {
    if (!due_[l].ge(1.0).any().item<bool>()) return;
    std::vector<RandomKey> keys;
    for (const RandomKey& key : keys_) {
      keys.push_back(key.child(static_cast<std::uint64_t>(trainer.step())));
    }
    const Tensor fresh = trainer.fresh_parameters(keys);
    const std::int64_t units = layer.bias.shape[0];
    for (std::int64_t k = 0; k < replicas_; ++k) {
      double& due = due_[l].data_ptr<double>()[k];
      if (due < 1.0 || !trainer.active().data_ptr<bool>()[k]) continue;
      due -= 1.0;  // at most one unit of a layer in an update
      const Tensor utilities = utility_[l][k].to(at::kCPU);
      const float* utility = utilities.data_ptr<float>();
      std::int64_t* age = age_[l].data_ptr<std::int64_t>() + k * units;
      const auto corrected = [&](std::int64_t unit) {
        return static_cast<double>(utility[unit]) /
               (1.0 - std::pow(options_.utility_decay, static_cast<double>(age[unit])));
      };
      std::int64_t worst = -1;
      for (std::int64_t unit = 0; unit < units; ++unit) {
        if (age[unit] < options_.maturity) continue;
        if (worst < 0 || corrected(unit) < corrected(worst)) worst = unit;
      }
      if (worst < 0) continue;
      const auto own = [k](const Tensor& all, const ParameterBlock& which) {
        return block(all, which)[k];
      };
      own(parameters, layer.in).select(1, worst).copy_(own(fresh, layer.in).select(1, worst));
      own(parameters, layer.bias)[worst].copy_(own(fresh, layer.bias)[worst]);
      own(parameters, layer.out)[worst].zero_();
      utility_[l][k][worst].zero_();
      age[worst] = 0;
    }
  }

  BaseRisk risk_;
  Options options_;
  std::int64_t replicas_;
  std::vector<RandomKey> keys_;
  std::vector<Tensor> utility_;  // of each hidden layer, [K, units]
  std::vector<Tensor> age_;      // int64 [K, units], in host memory
  std::vector<Tensor> due_;      // float64 [K], there too: replacements that have come due
};

}  // namespace

void register_continual_backprop(Catalog& catalog);
void register_continual_backprop(Catalog& catalog) {
  catalog.methods.add<ContinualBackprop>("continual_backprop",
                                         "Continually replaces the least useful hidden units.",
                                         "Dohare et al. 2024, Nature 632 (arXiv:2306.13812)");
}

}  // namespace spurion::methods
