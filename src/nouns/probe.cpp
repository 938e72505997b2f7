#include "spurion/probe.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "nouns/border_checks.hpp"

namespace spurion {

namespace {

/// Throws unless rows belong to K replicas and have labels.
void check_rows(const ProbeRows& rows, std::int64_t replicas, const char* what) {
  const auto fits = [&](const Tensor& tensor, std::int64_t least) {
    return tensor.dim() >= least && (tensor.size(0) == replicas || tensor.size(0) == 1) &&
           tensor.size(1) == rows.x.size(1);
  };
  const bool good = fits(rows.x, 2) && (!rows.y.defined() || fits(rows.y, 2)) &&
                    (!rows.cues.defined() || fits(rows.cues, 3));
  if (good) return;
  throw PluginError(fmt::format("{} of a probe are {}, {} and {} for {} replicas", what,
                                nouns::text_of(rows.x), nouns::text_of(rows.y),
                                nouns::text_of(rows.cues), replicas));
}

/// Throws unless every number is a share, or not a number.
void check_shares(const Tensor& values, const char* what) {
  // A sum of shares may miss 1 by the rounding of its numbers.
  constexpr double kSlack = 1e-5;
  const Tensor wrong = values.lt(-kSlack).logical_or(values.gt(1.0 + kSlack));
  if (!wrong.any().item<bool>()) return;
  throw PluginError(
      fmt::format("{} {} is not in [0, 1]", what, values.masked_select(wrong)[0].item<double>()));
}

}  // namespace

std::string ProbeAccess::text() const {
  std::vector<std::string> seen;
  const auto add = [&](bool sees, const char* what) {
    if (sees) seen.emplace_back(what);
  };
  add(weights, "weights");
  add(outputs, "outputs");
  add(activations, "activations");
  add(features, "features");
  add(input_gradients, "input gradients");
  add(stages, "stages");
  add(labels, "labels");
  add(cue_inputs, "cue inputs");
  add(cue_labels, "cue labels");
  add(training_rows, "training rows");
  return seen.empty() ? "unlabelled rows only" : fmt::format("{}", fmt::join(seen, ", "));
}

const char* evidence_name(Evidence evidence) {
  return evidence == Evidence::use ? "use" : "presence";
}

ProbeSubject::ProbeSubject(ProbeMaterial material)
    : material_(std::move(material)), flops_(std::make_shared<double>(0.0)) {
  SPURION_CHECK(material_.model != nullptr, "a probe looks into a model");
  if (material_.parameters.dim() != 2) {
    throw PluginError(fmt::format("parameters of a probe are {}, expected [K, P]",
                                  nouns::text_of(material_.parameters)));
  }
  const std::int64_t replicas = material_.parameters.size(0);
  check_rows(material_.proxy, replicas, "rows");
  if (material_.training.x.defined()) check_rows(material_.training, replicas, "training rows");
  if (!material_.graph) material_.parameters = material_.parameters.detach();
}

void check_probe(const Probe& probe, const ProbeContext& context, const Model& model,
                 const std::string& name) {
  if (context.task == Task::regression) {
    throw UsageError("probes tell how far classes depend on a cue, and here the label is a number");
  }
  const ProbeAccess access = probe.access();
  if (access.activations && model.hidden_layers().empty()) {
    throw UsageError(
        fmt::format("it looks at hidden layers, and model '{}' does not show any", name));
  }
  if (access.stages && !model.has_stages()) {
    throw UsageError(
        fmt::format("it reads stages out (the logit lens), and model '{}' has none: use "
                    "causal_transformer or gru",
                    name));
  }
  probe.check(model);
}

Reliance measured(const Probe& probe, const ProbeSubject& subject) {
  Reliance found = probe.measure(subject);
  if (found.of_cues.dim() != 2 || found.of_cues.scalar_type() != at::kDouble) {
    throw PluginError(
        fmt::format("its reliance is {}, expected float64 [K, Q]", nouns::text_of(found.of_cues)));
  }
  check_shares(found.of_cues, "its reliance");
  if (found.rows.defined()) {
    if (found.rows.dim() != 3 || found.rows.size(0) != found.of_cues.size(0) ||
        found.rows.size(2) != found.of_cues.size(1)) {
      throw PluginError(
          fmt::format("its reliance by row is {}, expected [K, B, Q]", nouns::text_of(found.rows)));
    }
    check_shares(found.rows, "its reliance by row");
    found.rows = found.rows.clamp(0.0, 1.0);
  }
  found.of_cues = found.of_cues.clamp(0.0, 1.0);
  return found;
}

}  // namespace spurion
