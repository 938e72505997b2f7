#include "engine/risks/linear_risks.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/risks/known_risks.hpp"
#include "engine/risks/logistic_risks.hpp"
#include "engine/risks/squared_risks.hpp"
#include "spurion/error.hpp"

namespace spurion::engine {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Beyond this many inputs a pass of column sums is no faster than matrix products.
constexpr std::int64_t kMostInputs = 64;

struct RisksAndGradients : torch::autograd::Function<RisksAndGradients> {
  static variable_list forward(AutogradContext* context, const Tensor& parameters,
                               const std::shared_ptr<const LinearRisks>& risks,
                               bool keep_curvature) {
    const LinearRisks::Values values = risks->evaluate(parameters.contiguous(), keep_curvature);
    context->set_materialize_grads(false);
    context->save_for_backward({values.gradients, values.curvature});
    context->saved_data["risks"] = reinterpret_cast<std::int64_t>(risks.get());
    context->saved_data["curved"] = keep_curvature;
    return {values.risks, values.gradients};
  }

  static variable_list backward(AutogradContext* context, const variable_list& g) {
    const auto saved = context->get_saved_variables();
    const auto* risks = reinterpret_cast<const LinearRisks*>(context->saved_data["risks"].toInt());
    Tensor out;
    if (g[0].defined()) {
      out = weighted_sum(g[0], saved[0]);
    }
    if (g[1].defined()) {
      SPURION_CHECK(context->saved_data["curved"].toBool(),
                    "a method that differentiates gradients declares RiskInput::curvature");
      const Tensor products = risks->hessian_products(saved[1], g[1].contiguous());
      out = out.defined() ? out + products : products;
    }
    return {out, Tensor(), Tensor()};
  }
};

}  // namespace

bool linear_risks_apply(Task task, std::int64_t inputs, std::int64_t outputs) {
  return outputs == 1 && task != Task::multiclass && inputs <= kMostInputs;
}

std::shared_ptr<const LinearRisks> make_linear_risks(Task task, const std::vector<DomainRows>& rows,
                                                     std::vector<std::size_t> source) {
  if (task == Task::regression) return std::make_shared<SquaredRisks>(rows, std::move(source));
  return std::make_shared<LogisticRisks>(rows, std::move(source));
}

std::pair<Tensor, Tensor> risks_and_gradients(const std::shared_ptr<const LinearRisks>& risks,
                                              const Tensor& parameters, bool keep_curvature) {
  const auto both = RisksAndGradients::apply(parameters, risks, keep_curvature);
  return {both[0], both[1]};
}

}  // namespace spurion::engine
