#include <ATen/ATen.h>

#include "engine/risks/linear_risks.hpp"
#include "engine/risks/mlp_node.hpp"
#include "models/shared/layers.hpp"
#include "spurion/catalog.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

struct LinearOptions {
  std::string initialisation = "torch";
};

/// One affine map of the flattened input.
class Linear final : public Model {
 public:
  using Options = LinearOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "initialisation", &Options::initialisation,
        "Initial weights: torch (U(+-1/sqrt(fan_in)), also for biases), xavier or zeros.",
        one_of({"torch", "xavier", "zeros"}));
    return schema;
  }

  Linear(Options options, const ModelContext& context)
      : options_(std::move(options)),
        inputs_(element_count(context.input_shape)),
        outputs_(context.outputs) {
    LayoutBuilder builder;
    builder.add("layer0.weight", {inputs_, outputs_});
    builder.add("layer0.bias", {outputs_});
    layout_ = builder.take();
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }
  [[nodiscard]] bool is_affine() const override { return true; }

  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
    if (options_.initialisation == "zeros") return parameters;
    initialise_linear(parameters, layout_[0], layout_[1],
                      options_.initialisation == "torch" ? Initialisation::torch_linear
                                                         : Initialisation::xavier_uniform,
                      keys);
    return parameters;
  }

  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    return engine::mlp_forward({{inputs_, outputs_}}, parameters, x);
  }

  [[nodiscard]] Output forward_differentiable(const Tensor& parameters,
                                              const Tensor& x) const override {
    const Tensor flat = x.reshape({x.size(0), x.size(1), inputs_});
    const auto parts = split_parameters(parameters, layout_);
    return {flat.expand({parameters.size(0), -1, -1}), linear_layer(parts[0], parts[1], flat)};
  }

  [[nodiscard]] double forward_flops() const override {
    return 2.0 * static_cast<double>(inputs_ * outputs_);
  }
  // No gradient flows to the inputs: the backward pass has one product, not two.
  [[nodiscard]] double step_flops() const override { return 2.0 * forward_flops(); }
  [[nodiscard]] double activation_bytes() const override {
    return 4.0 * static_cast<double>(inputs_ + 4 * outputs_);
  }
  [[nodiscard]] const ParameterBlock* linear_weights() const override { return layout_.data(); }

 private:
  Options options_;
  std::int64_t inputs_;
  std::int64_t outputs_;
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_linear(Catalog& catalog);
void register_linear(Catalog& catalog) {
  catalog.models.add<Linear>("linear", "One affine map of the flattened input.", "-");
}

}  // namespace spurion::models
