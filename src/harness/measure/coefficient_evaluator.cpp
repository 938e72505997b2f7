#include <ATen/ATen.h>

#include <map>
#include <string>

#include "core/measurement_names.hpp"
#include "harness/measure/evaluator.hpp"

namespace spurion::harness {

void PackEvaluator::measure_coefficients(const ReplicaTrainer& trainer, std::int64_t phase) {
  // An ensemble, or a head of a method's own, has no one set of coefficients.
  const Evaluated& evaluated = scorer_.evaluated();
  if (evaluated.head || evaluated.members.size() > 1) return;
  const Tensor& parameters =
      evaluated.members.empty() ? trainer.parameters() : evaluated.members.front();
  const Tensor slopes = trainer.model().linear_coefficients(parameters.detach());
  if (!slopes.defined()) return;
  const Tensor values = slopes.to(at::kCPU);
  std::map<std::string, Tensor> errors;
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    const auto row = static_cast<std::int64_t>(k);
    for (const auto& [name, error] :
         context_->environments[k]->coefficient_errors(values.narrow(0, row, 1))) {
      auto& all = errors[name];
      if (!all.defined()) all = at::zeros({trainer.replicas()}, at::kDouble);
      all[row] = error[0];
    }
  }
  Domain coefficients;
  coefficients.name = core::stored_domain(core::MeasuredIn::coefficients);
  store(trainer, phase, coefficients, errors);
}

}  // namespace spurion::harness
