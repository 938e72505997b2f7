#include "harness/measure/domain_scores.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/measurement_names.hpp"
#include "harness/measure/confusion_index.hpp"

namespace spurion::harness {

MetricValues mean_over_domains(const std::vector<MetricValues>& domains,
                               const std::function<bool(const std::string&)>& wanted) {
  MetricValues means;
  for (const auto& [name, first] : domains.front()) {
    if (!wanted(name)) continue;
    Tensor sum = first.clone();
    bool everywhere = true;
    for (std::size_t d = 1; d < domains.size() && everywhere; ++d) {
      const auto other = domains[d].find(name);
      everywhere = other != domains[d].end();
      if (everywhere) sum += other->second;
    }
    if (everywhere) means[name] = sum / static_cast<double>(domains.size());
  }
  return means;
}

void add_gap(Score score, const MetricValues& in_distribution, MetricValues& shifted) {
  const bool accuracy = score == Score::accuracy;
  const std::string& name = core::stored_name(core::score_metric(accuracy));
  const auto id = in_distribution.find(name);
  const auto own = shifted.find(name);
  if (id == in_distribution.end() || own == shifted.end()) return;
  shifted[core::stored_name(core::MetricId::gap)] =
      accuracy ? id->second - own->second : own->second - id->second;
}

void add_confusion(const std::vector<const Environment*>& environments, MetricValues& test) {
  const bool accuracy = environments.front()->info().score() == Score::accuracy;
  const auto own = test.find(core::stored_name(core::score_metric(accuracy)));
  if (own == test.end()) return;
  Tensor confusion = at::full({own->second.size(0)}, std::nan(""), at::kDouble);
  bool defined = false;
  for (std::size_t k = 0; k < environments.size(); ++k) {
    const auto row = static_cast<std::int64_t>(k);
    const auto index = confusion_index(*environments[k], own->second[row].item<double>());
    if (!index) continue;
    confusion[row] = *index;
    defined = true;
  }
  if (defined) test[core::stored_name(core::MetricId::confusion_index)] = confusion;
}

}  // namespace spurion::harness
