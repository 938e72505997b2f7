#include "engine/risks/known_risks.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/kernels.hpp"
#include "spurion/error.hpp"

namespace spurion::engine {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct KnownRisks : torch::autograd::Function<KnownRisks> {
  static Tensor forward(AutogradContext* context, const Tensor& /*parameters*/, const Tensor& risks,
                        const Tensor& gradients) {
    context->save_for_backward({gradients});
    return risks.clone();  // an output of its own: no alias of an input
  }

  static variable_list backward(AutogradContext* context, const variable_list& g) {
    SPURION_CHECK(!at::GradMode::is_enabled(),
                  "risks have first derivatives only; the method must declare "
                  "needs_second_order()");
    return {weighted_sum(g[0], context->get_saved_variables()[0]), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor weighted_sum(const Tensor& factors, const Tensor& gradients) {
  const Tensor dense = factors.contiguous();
  const std::int64_t replicas = gradients.size(0);
  const std::int64_t domains = gradients.size(1);
  const std::int64_t count = gradients.size(2);
  Tensor sum = at::empty({replicas, count}, gradients.options());
  const float* source = gradients.data_ptr<float>();
  const float* factor = dense.data_ptr<float>();
  float* target = sum.data_ptr<float>();
  for (std::int64_t k = 0; k < replicas; ++k) {
    weighted_sum(factor + k * domains, source + k * domains * count, domains, count,
                 target + k * count);
  }
  return sum;
}

Tensor with_gradients(const Tensor& parameters, const DomainRisks& known) {
  return KnownRisks::apply(parameters, known.risks, known.gradients);
}

}  // namespace spurion::engine
