#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "models/shared/layers.hpp"
#include "spurion/catalog.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

struct LinearRepresentationOptions {
  double spread = 0.0;
};

/// A linear predictor that has a representation: the flattened input goes through a square matrix
/// Phi for each output, and the output is the sum of what comes out, without a bias (Arjovsky et
/// al. 2019, the IRM of the synthetic experiments, whose classifier is fixed at ones). It computes
/// no more than `linear` does, but gradient descent finds other predictors.
///
/// Parameters are Phi - I, so that it starts from the identity; and weight decay pulls towards it.
class LinearRepresentation final : public Model {
 public:
  using Options = LinearRepresentationOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "spread", &Options::spread,
        "Initial Phi: the identity plus U(-spread, spread) in each entry. The source uses 0.",
        between(0, 10));
    return schema;
  }

  LinearRepresentation(Options options, const ModelContext& context)
      : options_(options), inputs_(element_count(context.input_shape)), outputs_(context.outputs) {
    LayoutBuilder builder;
    builder.add("representation.weight", {inputs_, outputs_ * inputs_});
    layout_ = builder.take();
    sum_ = at::zeros({1, outputs_ * inputs_, outputs_});
    for (std::int64_t c = 0; c < outputs_; ++c) {
      sum_[0].select(1, c).narrow(0, c * inputs_, inputs_).fill_(1.0);
    }
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }

  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
    if (options_.spread > 0.0) {
      initialise_uniform(parameters, layout_[0], options_.spread, keys);
    }
    return parameters;
  }

  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    const std::int64_t replicas = parameters.size(0);
    const Tensor rows = x.reshape({x.size(0), x.size(1), inputs_}).to(parameters.scalar_type());
    const Tensor change = engine::batched_matmul(
        rows, engine::Transpose::no, parameters.reshape({replicas, inputs_, outputs_ * inputs_}),
        engine::Transpose::no);
    const Tensor features = rows.repeat({1, 1, outputs_}) + change;
    return {features, engine::batched_matmul(features, engine::Transpose::no,
                                             sum_.to(parameters.device(), parameters.scalar_type()),
                                             engine::Transpose::no)};
  }

  [[nodiscard]] Tensor linear_coefficients(const Tensor& parameters) const override {
    return parameters.reshape({parameters.size(0), inputs_, outputs_, inputs_})
               .select(2, 0)
               .sum(2) +
           1.0;
  }

  [[nodiscard]] double forward_flops() const override {
    return 2.0 * static_cast<double>((inputs_ + outputs_) * outputs_ * inputs_);
  }
  [[nodiscard]] double activation_bytes() const override {
    return 4.0 * static_cast<double>(inputs_ + 4 * outputs_ * inputs_ + 4 * outputs_);
  }

 private:
  Options options_;
  std::int64_t inputs_;
  std::int64_t outputs_;
  Tensor sum_;  // [1, C * D, C]: ones where an output has a feature
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_linear_representation(Catalog& catalog);
void register_linear_representation(Catalog& catalog) {
  catalog.models.add<LinearRepresentation>("linear_representation",
                                           "A square matrix of the flattened input, then the sum.",
                                           "Arjovsky et al. 2019, arXiv:1907.02893");
}

}  // namespace spurion::models
