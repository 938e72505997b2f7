#include "environments/shared/cued_core.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/class_share.hpp"
#include "environments/shared/draws.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

namespace {

using environments::intervened;
using environments::normals;
using environments::uniforms;
using Kind = Intervention::Kind;

}  // namespace

const Schema<CuedCoreOptions>& CuedCoreOptions::schema() {
  using O = CuedCoreOptions;
  static const auto schema =
      Schema<O>()
          .field("core_dimensions", &O::core_dimensions,
                 "Number of coordinates that show the object.", between(1, 10000))
          .field("separation", &O::separation,
                 "Half the distance between the two objects in each of these coordinates, in "
                 "standard deviations.",
                 positive(), log_uniform(0.2, 2.0))
          .field("label_noise", &O::label_noise,
                 "P(the object disagrees with the label), in every domain.", between(0, 0.5))
          .field("amplitude", &O::amplitude, "Scale of a cue in x.", positive(),
                 log_uniform(0.5, 8.0))
          .field("noise_dimensions", &O::noise_dimensions,
                 "Number of further coordinates of pure noise.", between(0, 100000))
          .field("class_share", &O::class_share, "P(label = 1), in every domain, of the test too.",
                 between(0.01, 0.99));
  return schema;
}

CuedCore::CuedCore(CuedCoreOptions options, std::vector<std::string> cues, bool absent_when_neutral)
    : options_(options),
      cues_(std::move(cues)),
      cells_({options.separation * std::sqrt(static_cast<double>(options.core_dimensions)),
              options.label_noise, absent_when_neutral, options.class_share}) {
  if (cues_.empty() || static_cast<std::int64_t>(cues_.size()) > kMaxCues) {
    throw UsageError(fmt::format("1 to {} cues are possible, got {}", kMaxCues, cues_.size()));
  }
}

std::int64_t CuedCore::dimensions() const {
  return options_.core_dimensions + static_cast<std::int64_t>(cues_.size()) +
         options_.noise_dimensions;
}

bool CuedCore::supports(const Intervention& intervention) const {
  if (intervention.kind == Kind::none) return true;
  const std::vector<std::string>& names = intervention.variables;
  const bool known =
      intervention.acts_only_on(kObject) ||
      (!names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return std::find(cues_.begin(), cues_.end(), name) != cues_.end();
      }));
  const bool value = intervention.value == 1.0 || intervention.value == -1.0;
  return known && (intervention.kind != Kind::set || value);
}

Sample CuedCore::rows(const RandomKey& key, const std::vector<double>& shifts, RowRange rows,
                      const Intervention& intervention) const {
  const auto count = static_cast<std::size_t>(rows.count);
  const auto cues = cues_.size();
  const auto core = static_cast<std::size_t>(options_.core_dimensions);
  const auto noise = static_cast<std::size_t>(options_.noise_dimensions);
  const auto width = static_cast<std::size_t>(dimensions());

  const std::vector<double> label = uniforms(key.child("label"), rows);
  const std::vector<double> object_noise = uniforms(key.child("object_noise"), rows);
  const std::vector<double> object_coin = uniforms(key.child("object_coin"), rows);
  std::vector<std::vector<double>> cue_noise;
  std::vector<std::vector<double>> cue_coin;
  std::vector<bool> changed;
  for (const std::string& cue : cues_) {
    changed.push_back(intervention.acts_on(cue));
    cue_noise.push_back(uniforms(key.child("cue").child(cue), rows));
    cue_coin.push_back(uniforms(key.child("cue_coin").child(cue), rows));
  }
  const std::vector<float> core_noise =
      normals(key.child("core_noise"), rows, options_.core_dimensions);
  const std::vector<float> other = normals(key.child("noise"), rows, options_.noise_dimensions);

  Sample sample;
  sample.x = at::empty({rows.count, dimensions()}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, static_cast<std::int64_t>(cues)}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  auto* x = sample.x.data_ptr<float>();
  auto* spurious = sample.spurious.data_ptr<float>();
  for (std::size_t i = 0; i < count; ++i) {
    const int y = label[i] < options_.class_share ? 1 : -1;
    int object = object_noise[i] < options_.label_noise ? -y : y;
    if (intervention.acts_on(kObject)) {
      const double share = share_of_two_values(options_.class_share, options_.label_noise);
      object = intervened(object, y, object_coin[i] < share ? 1 : -1, intervention);
    }
    float* row = x + i * width;
    for (std::size_t j = 0; j < core; ++j) {
      row[j] = static_cast<float>(options_.separation) * static_cast<float>(object) +
               core_noise[i * core + j];
    }
    std::int64_t agreeing = 0;
    for (std::size_t c = 0; c < cues; ++c) {
      // An absent cue has a value all the same, which do(...) brings to light.
      int cue = cue_noise[c][i] < shifts[c] ? -y : y;
      if (changed[c]) {
        const double share = share_of_two_values(options_.class_share, shifts[c]);
        cue = intervened(cue, y, cue_coin[c][i] < share ? 1 : -1, intervention);
      }
      const float shown = !changed[c] && cells_.absent(shifts[c]) ? 0.0F : static_cast<float>(cue);
      row[core + c] = static_cast<float>(options_.amplitude) * shown;
      spurious[i * cues + c] = shown;
      agreeing |= std::int64_t{shown == static_cast<float>(y)} << c;
    }
    std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(i * noise), noise, row + core + cues);
    const auto at = static_cast<std::int64_t>(i);
    sample.y.data_ptr<std::int64_t>()[at] = y > 0 ? 1 : 0;
    sample.causal.data_ptr<float>()[at] = static_cast<float>(object);
    sample.group.data_ptr<std::int64_t>()[at] = ((y > 0 ? 1 : 0) << cues) + agreeing;
  }
  return sample;
}

CausalGraph CuedCore::graph(const std::vector<std::string>& docs) const {
  CausalGraph graph;
  graph.variables = {{"label", Role::label, label_text(options_.class_share)},
                     {kObject, Role::causal, "y, negated by noise; invariant, not a cause"},
                     {"object_noise", Role::noise, "1 with probability label_noise"},
                     {"core_noise", Role::noise, "standard normal"}};
  graph.edges = {
      {"label", kObject}, {"object_noise", kObject}, {kObject, "input"}, {"core_noise", "input"}};
  for (std::size_t c = 0; c < cues_.size(); ++c) {
    graph.variables.push_back({cues_[c], Role::spurious, docs[c]});
    graph.edges.push_back({"label", cues_[c]});
    graph.edges.push_back({cues_[c], "input"});
  }
  graph.variables.push_back({"input", Role::observed, "core, cues, noise"});
  return graph;
}

std::string CuedCore::mechanism() const {
  return fmt::format(
      "{}; label = 1 if y = +1 else 0\n"
      "object = y, negated with probability {}\n"
      "core_j = {} object + N(0, 1), j = 1..{}\n"
      "each cue = y, negated with its own probability\n"
      "x = (core, {} * cues, {} coordinates of N(0, 1))",
      classes_text(options_.class_share), options_.label_noise, options_.separation,
      options_.core_dimensions, options_.amplitude, options_.noise_dimensions);
}

}  // namespace spurion::environments
