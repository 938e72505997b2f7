#include "harness/measure/metric_set.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nouns/border_checks.hpp"

namespace spurion {

namespace {

/// Numbers spurion works out itself, beside what metrics give.
constexpr std::array<const char*, 22> kOwn = {"gap",
                                              "rows",
                                              "evaluated_rows",
                                              "confusion_index",
                                              "shortcut_bias",
                                              "cue_contribution",
                                              "regret",
                                              "invariant_regret",
                                              "control_shift_level",
                                              "window_rows",
                                              "target_variance",
                                              "spent",
                                              "train_accuracy",
                                              "train_loss",
                                              "causal_flip_rate",
                                              "causal_counterfactual_rms_change",
                                              "causal_randomised_accuracy",
                                              "cue_randomised_accuracy",
                                              "randomised_accuracy",
                                              "randomised_loss",
                                              "prequential_accuracy",
                                              "prequential_loss"};
/// And those whose names begin so.
constexpr std::array<const char*, 4> kOwnStems = {"ceiling_", "shift_", "cue_strength_",
                                                  "trained_cue_strength_"};

Predictions private_copy(const Predictions& chunk) {
  const auto copy = [](const Tensor& tensor) { return tensor.defined() ? tensor.clone() : tensor; };
  return {copy(chunk.logits), copy(chunk.twin_logits), copy(chunk.y), copy(chunk.group)};
}

/// Rows of every class and group, and predictions right and wrong of them.
Predictions some_predictions(const EnvironmentInfo& info, bool twins) {
  constexpr std::int64_t kRows = 24;
  const std::int64_t classes = info.task == Task::binary ? 2 : info.outputs;
  const Tensor index = at::arange(kRows, at::kLong);
  Predictions chunk;
  chunk.logits = (index.unsqueeze(1) * 7 + at::arange(info.outputs, at::kLong) * 5)
                     .remainder(11)
                     .to(at::kFloat)
                     .sub(5.0)
                     .unsqueeze(0);
  if (twins) chunk.twin_logits = -chunk.logits;
  chunk.y = info.task == Task::regression ? index.to(at::kFloat).sin().unsqueeze(0)
                                          : index.remainder(classes).unsqueeze(0);
  if (info.groups > 0) chunk.group = index.remainder(info.groups).unsqueeze(0);
  return chunk;
}

}  // namespace

std::string reserved_measurement(const std::string& name) {
  const bool own = std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end() ||
                   std::any_of(kOwnStems.begin(), kOwnStems.end(), [&](const std::string& stem) {
                     return name.compare(0, stem.size(), stem) == 0;
                   });
  return own ? "a number that spurion works out itself" : std::string();
}

MetricSet::MetricSet(const Catalog& catalog, const MetricContext& context)
    : replicas_(context.replicas) {
  for (const std::string& name : catalog.metrics.names()) {
    const Part part = part_of(catalog.metrics, name);
    blamed(part, [&] {
      auto metric = catalog.metrics.at(name).make({Value()}, context);
      if (metric->applies(context)) entries_.push_back({part, std::move(metric)});
    });
  }
}

void MetricSet::add(const Predictions& chunk) {
  for (const Entry& entry : entries_) {
    blamed(entry.part,
           [&] { entry.metric->add(entry.part.builtin ? chunk : private_copy(chunk)); });
  }
}

MetricValues MetricSet::results() const {
  MetricValues values;
  std::map<std::string, const Part*> givers;
  const auto collect = [&](const Entry& entry) {
    blamed(entry.part, [&] {
      const auto results = entry.metric->result();
      border::check_results(results, replicas_);
      for (const auto& [name, value] : results) {
        const auto [giver, free] = givers.emplace(name, &entry.part);
        const std::string taken = free && !entry.part.builtin ? reserved_measurement(name)
                                  : free                      ? std::string()
                                         : fmt::format("what {} gives", giver->second->text());
        if (!taken.empty()) {
          throw PluginError(fmt::format(
              "its measurement '{}' has the name of {}; give it a name of its own", name, taken));
        }
        values[name] = value;
      }
    });
  };
  // Built-ins first: a name that is taken twice is put down to the other.
  for (const Entry& entry : entries_) {
    if (entry.part.builtin) collect(entry);
  }
  for (const Entry& entry : entries_) {
    if (!entry.part.builtin) collect(entry);
  }
  return values;
}

void check_metrics(const Catalog& catalog, const EnvironmentInfo& info) {
  bool strangers = false;
  for (const std::string& name : catalog.metrics.names()) {
    strangers = strangers || !catalog.metrics.at(name).info.builtin();
  }
  if (!strangers) return;
  const at::NoGradGuard no_grad;
  for (const bool twins : {false, true}) {
    MetricSet metrics(catalog, MetricContext{info.task, 1, info.groups});
    metrics.add(some_predictions(info, twins));
    (void)metrics.results();
  }
}

}  // namespace spurion
