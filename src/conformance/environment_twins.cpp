#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "conformance/environment_checks.hpp"
#include "conformance/tensors.hpp"

namespace spurion::conformance {

namespace {

using Kind = Intervention::Kind;

std::vector<Intervention> supported(const Environment& environment, const std::string& variable) {
  std::vector<Intervention> all;
  for (const Intervention& candidate :
       {Intervention::flip(variable), Intervention::resample(variable),
        Intervention::align(variable), Intervention::oppose(variable),
        Intervention::set(variable, 1.0), Intervention::set(variable, 0.0),
        Intervention::set(variable, -1.0)}) {
    if (environment.supports(candidate)) all.push_back(candidate);
  }
  return all;
}

/// The variable and everything it has a directed path to.
std::set<std::string> touched_by(const CausalGraph& graph, const std::string& variable) {
  std::set<std::string> touched = {variable};
  for (std::size_t before = 0; before != touched.size();) {
    before = touched.size();
    for (const Edge& edge : graph.edges) {
      if (touched.count(edge.from) != 0) touched.insert(edge.to);
    }
  }
  return touched;
}

std::string label_of(const CausalGraph& graph) {
  for (const Variable& variable : graph.variables) {
    if (variable.role == Role::label) return variable.name;
  }
  return {};
}

/// Every cue; in environments with one, that.
std::vector<std::string> cues_of(const EnvironmentInfo& info) {
  std::vector<std::string> names;
  for (const Cue& cue : info.cues) names.push_back(cue.name);
  if (names.empty()) names.push_back(info.cue);
  return names;
}

/// The values of one cue: its column where there are several.
Tensor values_of(const EnvironmentInfo& info, const Sample& rows, std::size_t cue) {
  return info.cues.empty() ? rows.spurious
                           : rows.spurious.narrow(1, static_cast<std::int64_t>(cue), 1);
}

/// What an intervention does not reach is, bit for bit, what it was.
void check_untouched(const Environment& environment, const std::string& variable) {
  const EnvironmentInfo& info = environment.info();
  const std::set<std::string> touched = touched_by(info.graph, variable);
  for (const Domain& domain : some_domains(environment)) {
    const std::int64_t count =
        std::min<std::int64_t>(64, environment.row_limit(domain, Split::test));
    const Sample factual = environment.sample(domain, Split::test, {0, count});
    for (const Intervention& action : supported(environment, variable)) {
      const std::string what = fmt::format("{} in '{}'", action.text(), domain.name);
      const Sample twin = environment.sample(domain, Split::test, {0, count}, action);
      if (touched.count(label_of(info.graph)) == 0) {
        require_same_bits(what + ", y", factual.y, twin.y);
      }
      if (touched.count(info.causal) == 0) {
        require_same_bits(what + ", causal", factual.causal, twin.causal);
      }
      const std::vector<std::string> cues = cues_of(info);
      for (std::size_t i = 0; i < cues.size(); ++i) {
        if (touched.count(cues[i]) != 0) continue;
        require_same_bits(what + ", " + cues[i], values_of(info, factual, i),
                          values_of(info, twin, i));
      }
      require_same_rows(what + " of fewer rows", slice(twin, 1, count - 1),
                        environment.sample(domain, Split::test, {1, count - 1}, action));
    }
  }
}

/// The interventions do to the cue what their names say.
void check_effects(const Environment& environment, std::size_t cue) {
  const EnvironmentInfo& info = environment.info();
  const std::string name = cues_of(info)[cue];
  const auto values = [&](const Sample& rows) { return values_of(info, rows, cue); };
  const Domain domain = environment.train_domains().front();
  const RowRange rows{0, std::min<std::int64_t>(64, environment.row_limit(domain, Split::test))};
  const auto under = [&](const Intervention& action) {
    return environment.sample(domain, Split::test, rows, action);
  };
  const auto all_rows_differ = [](const Tensor& a, const Tensor& b) {
    return a.ne(b).flatten(1).any(1).all().item<bool>();
  };
  const Sample factual = under(Intervention::none());
  const auto actions = supported(environment, name);
  require(!actions.empty(), fmt::format("the environment cannot intervene on its cue '{}'", name));
  for (const Intervention& action : actions) {
    const Sample twin = under(action);
    if (action.kind == Kind::flip) {
      require(all_rows_differ(values(factual), values(twin)),
              action.text() + " leaves the cue of some row as it was");
      require(all_rows_differ(factual.x, twin.x),
              action.text() + " does not show in x of some row");
    }
    if (action.kind == Kind::resample) {
      require(!same_bits(values(factual), values(twin)), action.text() + " changes no row");
    }
    if (action.kind == Kind::set) {
      require(values(twin).eq(values(twin).narrow(0, 0, 1)).all().item<bool>(),
              action.text() + " leaves the cue different between rows");
    }
  }
  if (environment.supports(Intervention::align(name)) &&
      environment.supports(Intervention::oppose(name))) {
    require(all_rows_differ(values(under(Intervention::align(name))),
                            values(under(Intervention::oppose(name)))),
            "aligned and opposed cues agree in some row");
  }
}

/// Resampling some cues touches these as resampling all does, and no other.
void check_some_cues(const Environment& environment, const Sample& factual, const Sample& all) {
  const EnvironmentInfo& info = environment.info();
  if (info.cues.size() < 3) return;
  const Intervention action =
      Intervention::resample_each({info.cues.front().name, info.cues.back().name});
  require(environment.supports(action), "the environment cannot perform " + action.text());
  const Sample twin =
      environment.sample(environment.train_domains().front(), Split::test, {0, 64}, action);
  require_same_bits(action.text() + ", y", factual.y, twin.y);
  for (std::size_t cue = 0; cue < info.cues.size(); ++cue) {
    const bool reached = cue == 0 || cue + 1 == info.cues.size();
    require_same_bits(action.text() + ", " + info.cues[cue].name,
                      values_of(info, reached ? all : factual, cue), values_of(info, twin, cue));
  }
}

/// Resampling all cues at once touches each of them.
void check_all_cues(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  if (info.cues.empty()) return;
  const Intervention action = Intervention::resample_each(info.every_cue());
  require(environment.supports(action), "the environment cannot perform " + action.text());
  const Domain domain = environment.train_domains().front();
  const Sample factual = environment.sample(domain, Split::test, {0, 64});
  const Sample twin = environment.sample(domain, Split::test, {0, 64}, action);
  require_same_bits(action.text() + ", y", factual.y, twin.y);
  require_same_bits(action.text() + ", causal", factual.causal, twin.causal);
  for (std::size_t cue = 0; cue < info.cues.size(); ++cue) {
    require(!same_bits(values_of(info, factual, cue), values_of(info, twin, cue)),
            action.text() + " leaves " + info.cues[cue].name + " as it was");
  }
  check_some_cues(environment, factual, twin);
}

/// A fixed predictor; it need not be good.
struct Predictor {
  const char* name;
  Tensor Sample::*reads;
  Tensor weights;    // [D, C]
  double threshold;  // of a single logit
};

/// float64 [B]: 1 for a right class, or the squared error.
Tensor row_scores(const Environment& environment, const Predictor& predictor, const Sample& rows) {
  const Tensor out =
      at::matmul((rows.*predictor.reads).flatten(1).to(at::kDouble), predictor.weights);
  switch (environment.info().task) {
    case Task::binary:
      return out.select(1, 0).gt(predictor.threshold).to(at::kLong).eq(rows.y).to(at::kDouble);
    case Task::multiclass:
      return out.argmax(1).eq(rows.y).to(at::kDouble);
    case Task::regression:
      return (out.select(1, 0) - rows.y.to(at::kDouble)).pow(2);
  }
  return {};
}

std::vector<Predictor> predictors(const Environment& environment, const Sample& rows) {
  std::vector<Predictor> all = {
      {"a random linear function of x", &Sample::x, {}, 0.0},
      {"a random linear function of the cue", &Sample::spurious, {}, 0.0}};
  for (Predictor& predictor : all) {
    const Tensor inputs = (rows.*predictor.reads).flatten(1).to(at::kDouble);
    predictor.weights =
        normals(RandomKey(1).child(predictor.name), {inputs.size(1), environment.info().outputs})
            .to(at::kDouble) /
        std::sqrt(static_cast<double>(inputs.size(1)));
    predictor.threshold = at::matmul(inputs, predictor.weights).select(1, 0).mean().item<double>();
  }
  return all;
}

/// The affine curve from twins agrees with sampling at five points, within 4 standard errors.
void check_mixture(const Environment& environment) {
  const ShiftAxis& axis = environment.info().shift_axis;
  if (!axis.mixture) skip("the shift is not a mixture");
  require(axis.low == 0.0 && axis.high == 1.0, "a shift that is a mixture must go from 0 to 1");
  const Domain base = environment.at(axis.low);
  // Rows of two splits are independent, so their standard errors add.
  const std::int64_t count = std::min({std::int64_t{4000}, environment.row_limit(base, Split::test),
                                       environment.row_limit(base, Split::validation)});
  const Sample zero =
      environment.sample(base, Split::validation, {0, count}, axis.mixture->at_zero);
  const Sample one = environment.sample(base, Split::validation, {0, count}, axis.mixture->at_one);
  const auto squared_error_of_mean = [count](const Tensor& scores) {
    return scores.var().item<double>() / static_cast<double>(count);
  };
  for (const Predictor& predictor : predictors(environment, zero)) {
    const Tensor at_zero = row_scores(environment, predictor, zero);
    const Tensor at_one = row_scores(environment, predictor, one);
    for (const double shift : {0.0, 0.2, 0.5, 0.7, 1.0}) {
      const Tensor sampled =
          row_scores(environment, predictor,
                     environment.sample(environment.at(shift), Split::test, {0, count}));
      const Tensor mixed = at_zero * (1.0 - shift) + at_one * shift;
      const double error = std::sqrt(squared_error_of_mean(sampled) + squared_error_of_mean(mixed));
      const double gap = std::abs(sampled.mean().item<double>() - mixed.mean().item<double>());
      require(
          gap <= 4.0 * error + 1e-9,
          fmt::format("{} scores {:.4f} at {} = {} but {:.4f} from twins ({:.1f} standard errors)",
                      predictor.name, sampled.mean().item<double>(), axis.name, shift,
                      mixed.mean().item<double>(), gap / error));
    }
  }
}

}  // namespace

void check_twins(Checker& checker, const EnvironmentSubject& subject) {
  const EnvironmentInfo& info = subject.info();
  checker.check("twins share noise", [&] {
    for (const std::string& cue : cues_of(info)) check_untouched(*subject, cue);
    check_untouched(*subject, info.causal);
  });
  checker.check("interventions act on the cue", [&] {
    for (std::size_t cue = 0; cue < cues_of(info).size(); ++cue) check_effects(*subject, cue);
    check_all_cues(*subject);
  });
  checker.check("unsupported interventions refused", [&] {
    const Domain domain = (*subject).train_domains().front();
    require_refused("an intervention on a variable that does not exist", [&] {
      return (*subject).sample(domain, Split::test, {0, 1}, Intervention::flip("no_such_variable"));
    });
  });
  checker.check("the shift curve agrees with twins at 5 points", [&] { check_mixture(*subject); });
}

}  // namespace spurion::conformance
