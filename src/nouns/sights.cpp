#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <optional>

#include "spurion/error.hpp"
#include "spurion/probe.hpp"

namespace spurion {

namespace {

/// Rows of each replica's own, from those that all share.
Tensor own_rows_of(const Tensor& x, std::int64_t replicas) {
  if (x.size(0) == replicas) return x;
  Shape shape = x.sizes().vec();
  shape[0] = replicas;
  return x.expand(shape);
}

/// While it lives, gradients are recorded only where a penalty needs them.
class PassMode {
 public:
  explicit PassMode(bool graph) : mode_(graph) {}

 private:
  at::AutoGradMode mode_;
};

const Tensor& known(const Tensor& tensor, const char* what) {
  if (!tensor.defined()) {
    throw PluginError(std::string("a probe looks at ") + what + ", which nobody knows here");
  }
  return tensor;
}

}  // namespace

std::int64_t Sight::replicas() const { return material().parameters.size(0); }
Task Sight::task() const { return material().task; }
std::int64_t Sight::outputs() const { return material().outputs; }
bool Sight::graph() const { return material().graph; }

void Sight::count(const Tensor& x, double passes) const {
  *subject_->flops_ += passes * static_cast<double>(x.size(1)) * material().model->forward_flops();
}

const Tensor& ProxyRows::x() const { return material().proxy.x; }

const Tensor& ProxyLabels::y() const { return known(material().proxy.y, "labels"); }

const std::vector<CueInputs>& CueCarriers::cues() const {
  if (material().carriers.empty()) {
    throw PluginError("a probe looks at the inputs of cues, which nobody knows here");
  }
  return material().carriers;
}

std::int64_t CueLabels::cues() const { return known(material().proxy.cues, "cues").size(2); }

std::int64_t CueLabels::values(std::int64_t cue) const {
  return material().cue_values.at(static_cast<std::size_t>(cue));
}

Tensor CueLabels::of(std::int64_t cue) const {
  return known(material().proxy.cues, "cues").select(2, cue);
}

Tensor Outputs::logits(const Tensor& x) const {
  const PassMode mode(graph());
  count(x, 1.0);
  const ProbeMaterial& all = material();
  return (graph() ? all.model->forward_differentiable(all.parameters, x)
                  : all.model->forward_anywhere(all.parameters, x))
      .logits;
}

Tensor InputGradients::of(const Score& score, const Tensor& x) const {
  const at::AutoGradMode recorded(true);
  count(x, 3.0);
  const Tensor rows = own_rows_of(x, replicas()).detach().contiguous().clone().requires_grad_(true);
  const Output output = material().model->forward_differentiable(material().parameters, rows);
  const Tensor gradient =
      torch::autograd::grad({score(output.logits).sum()}, {rows}, {}, /*retain_graph=*/graph(),
                            /*create_graph=*/graph(), /*allow_unused=*/true)[0];
  return gradient.defined() ? gradient : at::zeros_like(rows);
}

std::vector<std::string> Activations::layers() const { return material().model->hidden_layers(); }

Tensor Activations::at(const std::string& layer, const Tensor& x) const {
  const PassMode mode(graph());
  count(x, 1.0);
  Tensor found;
  (void)material().model->forward_visited(material().parameters, x,
                                          [&](const std::string& name, const Tensor& values) {
                                            if (name == layer) found = values;
                                            return values;
                                          });
  if (!found.defined()) throw UsageError("the model shows no layer '" + layer + "'");
  return own_rows_of(found.flatten(2), replicas()).contiguous();
}

Tensor Activations::logits_with(const std::string& layer, const Tensor& x, const Edit& edit) const {
  const PassMode mode(graph());
  count(x, 1.0);
  return material()
      .model
      ->forward_visited(material().parameters, x,
                        [&](const std::string& name, const Tensor& values) {
                          if (name != layer) return values;
                          const Tensor own = own_rows_of(values, replicas());
                          return edit(own.flatten(2).contiguous()).reshape(own.sizes());
                        })
      .logits;
}

Output LastLayer::of(const Tensor& x) const {
  const PassMode mode(graph());
  count(x, 1.0);
  const ProbeMaterial& all = material();
  Output output = graph() ? all.model->forward_differentiable(all.parameters, x)
                          : all.model->forward_anywhere(all.parameters, x);
  output.features = own_rows_of(output.features, replicas());
  return output;
}

Tensor StageReadings::logits(const Tensor& x) const {
  const PassMode mode(graph());
  count(x, 1.0);
  return known(material().model->stage_logits(material().parameters, x), "stages of a model");
}

const Tensor& TrainingRows::x() const { return known(material().training.x, "training rows"); }
const Tensor& TrainingRows::y() const { return known(material().training.y, "training labels"); }
Tensor TrainingRows::cue(std::int64_t cue) const {
  return known(material().training.cues, "cues of training rows").select(2, cue);
}

const Tensor& Weights::parameters() const { return material().parameters; }
const std::vector<ParameterBlock>& Weights::layout() const { return material().model->layout(); }

}  // namespace spurion
