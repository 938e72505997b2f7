#include "harness/measure/counting_model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nouns/border_checks.hpp"

namespace spurion::harness {

Tensor CountingModel::initialise(const std::vector<RandomKey>& keys) const {
  return core::blamed(part_, [&] {
    Tensor parameters = inner_->initialise(keys);
    nouns::check_initial(parameters, static_cast<std::int64_t>(keys.size()),
                         inner_->parameter_count());
    return parameters;
  });
}

Output CountingModel::forward(const Tensor& parameters, const Tensor& x) const {
  return passed([&](const Tensor& rows) { return inner_->forward(parameters, rows); }, parameters,
                x);
}

Output CountingModel::forward_differentiable(const Tensor& parameters, const Tensor& x) const {
  return passed(
      [&](const Tensor& rows) { return inner_->forward_differentiable(parameters, rows); },
      parameters, x);
}

Output CountingModel::forward_with_statistics(const Tensor& parameters, const Tensor& x,
                                              double share) const {
  return passed(
      [&](const Tensor& rows) { return inner_->forward_with_statistics(parameters, rows, share); },
      parameters, x);
}

Output CountingModel::forward_visited(const Tensor& parameters, const Tensor& x,
                                      const LayerVisit& visit) const {
  return passed(
      [&](const Tensor& rows) { return inner_->forward_visited(parameters, rows, visit); },
      parameters, x);
}

Tensor CountingModel::stage_logits(const Tensor& parameters, const Tensor& x) const {
  count(parameters, x, records(parameters));
  return core::blamed(part_, [&] {
    const Tensor stages = inner_->stage_logits(parameters, x);
    if (stages.defined() && (stages.dim() != 4 || stages.size(0) != parameters.size(0) ||
                             stages.size(2) != x.size(1) || stages.size(3) != outputs_)) {
      throw PluginError(
          fmt::format("its stages are {}, expected [K, S, B, C]", nouns::text_of(stages)));
    }
    return stages;
  });
}

Output CountingModel::passed(const Pass& pass, const Tensor& parameters, const Tensor& x) const {
  count(parameters, x, records(parameters));
  const nouns::Pass asked{parameters.size(0), x.size(1), outputs_};
  return core::blamed(part_, [&] {
    // The rows that are measured on are those of many trials: strangers get a copy.
    const Tensor rows = part_.builtin || at::GradMode::is_enabled() ? x : x.clone();
    const auto before = rows._version();
    Output output = pass(rows);
    nouns::check_output(output, parameters, asked);
    if (rows._version() != before) throw PluginError("it writes into the rows it is given");
    return output;
  });
}

DomainRisks CountingModel::risks(const Tensor& parameters, const Tensor& x, const Tensor& y,
                                 Task task) const {
  count(parameters, x, true);
  return core::blamed(part_, [&] {
    const DomainRisks known = inner_->risks(parameters, x, y, task);
    if (known.risks.sizes() != at::IntArrayRef{parameters.size(0), y.size(1)} ||
        known.gradients.sizes() !=
            at::IntArrayRef{parameters.size(0), y.size(1), parameters.size(1)}) {
      throw PluginError("its risks are no [K, E], or their gradients no [K, E, P]");
    }
    return known;
  });
}

bool CountingModel::records(const Tensor& parameters) {
  return at::GradMode::is_enabled() && parameters.requires_grad();
}

void CountingModel::count(const Tensor& parameters, const Tensor& x, bool backward) const {
  if (!counting_) return;
  const auto rows = static_cast<double>(parameters.size(0) * x.size(1));
  if (backward) counted_.rows += rows;
  counted_.flops += rows * (backward ? inner_->step_flops() : inner_->forward_flops());
}

}  // namespace spurion::harness
