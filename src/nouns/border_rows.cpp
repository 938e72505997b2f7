#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "nouns/border_checks.hpp"
#include "nouns/border_values.hpp"
#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

[[noreturn]] void refuse_rows(const std::string& message) { throw PluginError(message); }

/// Classes labels are of; 0 for regression.
std::int64_t classes_in(const EnvironmentInfo& info) {
  if (info.task == Task::regression) return 0;
  return info.task == Task::binary ? 2 : info.outputs;
}

bool held(const Tensor& tensor, at::ScalarType type) {
  return tensor.defined() && tensor.scalar_type() == type && tensor.device().is_cpu() &&
         tensor.layout() == at::kStrided && !tensor.requires_grad();
}

void check_finite(const char* what, const Tensor& values) {
  const Tensor dense = values.contiguous();
  const std::int64_t bad = first_not_finite(dense.data_ptr<float>(), dense.numel());
  if (bad < 0) return;
  refuse_rows(fmt::format("{} of row {} is {}, expected a finite number", what,
                          bad / std::max<std::int64_t>(dense.numel() / dense.size(0), 1),
                          dense.data_ptr<float>()[bad]));
}

void check_range(const char* what, const Tensor& values, std::int64_t limit) {
  const Tensor dense = values.contiguous();
  const std::int64_t bad = first_outside(dense.data_ptr<std::int64_t>(), dense.numel(), limit);
  if (bad < 0) return;
  refuse_rows(fmt::format("{} of row {} is {}, expected 0 to {}", what, bad,
                          dense.data_ptr<std::int64_t>()[bad], limit - 1));
}

void check_domain(const Domain& domain, const EnvironmentInfo& info) {
  if (domain.name.empty() || domain.name.find('\n') != std::string::npos) {
    refuse_rows("a domain has no name in one line");
  }
  if (!std::isfinite(domain.shift)) {
    refuse_rows(fmt::format("the shift of domain '{}' is {}, expected a finite number", domain.name,
                            domain.shift));
  }
  if (domain.cue_shifts.size() != info.cues.size()) {
    refuse_rows(fmt::format("domain '{}' has {} cue shifts, info() has {} cues", domain.name,
                            domain.cue_shifts.size(), info.cues.size()));
  }
}

/// A domain is looked up by its kind: one of a wrong kind would give another domain's rows.
void check_kind(const Domain& domain, DomainKind expected, const char* maker) {
  if (domain.kind == expected) return;
  refuse_rows(fmt::format("domain '{}' is marked as a {}, expected a {}: make it with {}",
                          domain.name, domain_kind_name(domain.kind), domain_kind_name(expected),
                          maker));
}

}  // namespace

void check_environment(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  const std::int64_t expected = info.task == Task::multiclass ? 2 : 1;
  if (info.task == Task::multiclass ? info.outputs < expected : info.outputs != expected) {
    refuse_rows(fmt::format("info() says {} outputs, expected {}", info.outputs,
                            info.task == Task::multiclass ? "2 or more for many classes"
                                                          : "1 for two classes and regression"));
  }
  if (info.groups < 0) refuse_rows(fmt::format("info() says {} groups", info.groups));
  bool empty = info.input_shape.empty();
  for (const std::int64_t extent : info.input_shape) empty = empty || extent < 1;
  if (empty) {
    refuse_rows(fmt::format("info() says rows of shape [{}], expected positive sizes",
                            fmt::join(info.input_shape, ", ")));
  }
  if (info.cues.size() == 1)
    refuse_rows("info() lists one cue; the list is for environments with several cues");
  const std::vector<Domain> train = environment.train_domains();
  if (train.empty()) refuse_rows("it has no train domain");
  std::set<std::string> names;
  for (const Domain& domain : train) {
    check_domain(domain, info);
    check_kind(domain, DomainKind::train, "Domain::train");
    if (!names.insert(domain.name).second) {
      refuse_rows(fmt::format("two train domains are called '{}'", domain.name));
    }
  }
  const Domain test = environment.test_domain();
  check_domain(test, info);
  check_kind(test, DomainKind::test, "Domain::test");
  if (test.name != "test") {
    refuse_rows(fmt::format("the test domain is called '{}', expected 'test'", test.name));
  }
  if (!(info.shift_axis.low < info.shift_axis.high) ||
      !std::isfinite(info.shift_axis.high - info.shift_axis.low)) {
    refuse_rows(fmt::format("the range of the shift is {} to {}, but it must have an extent",
                            info.shift_axis.low, info.shift_axis.high));
  }
  for (const double point : info.shift_axis.points) {
    if (!(point >= info.shift_axis.low && point <= info.shift_axis.high)) {
      refuse_rows(fmt::format("point {} of the shift curve is outside [{}, {}]", point,
                              info.shift_axis.low, info.shift_axis.high));
    }
  }
}

void check_sample(const Sample& sample, const EnvironmentInfo& info, std::int64_t rows) {
  const auto shape = at::IntArrayRef(info.input_shape);
  if (!held(sample.x, at::kFloat) || sample.x.dim() < 1 || sample.x.size(0) != rows ||
      sample.x.sizes().slice(1) != shape) {
    refuse_rows(fmt::format("x is {}, expected float32 [{}, {}]", text_of(sample.x), rows,
                            fmt::join(info.input_shape, ", ")));
  }
  const std::int64_t classes = classes_in(info);
  if (!held(sample.y, classes > 0 ? at::kLong : at::kFloat) || sample.y.dim() != 1 ||
      sample.y.size(0) != rows) {
    refuse_rows(fmt::format("y is {}, expected {} [{}]", text_of(sample.y),
                            classes > 0 ? "int64" : "float32", rows));
  }
  for (const auto& [tensor, what] :
       {std::pair{&sample.causal, "causal"}, std::pair{&sample.spurious, "spurious"}}) {
    if (!tensor->defined()) continue;  // not every environment knows it of every row
    if (!held(*tensor, at::kFloat) || tensor->dim() != 2 || tensor->size(0) != rows) {
      refuse_rows(fmt::format("{} is {}, expected float32 [{}, n]", what, text_of(*tensor), rows));
    }
  }
  if (sample.group.defined() &&
      (!held(sample.group, at::kLong) || sample.group.dim() != 1 || sample.group.size(0) != rows)) {
    refuse_rows(fmt::format("group is {}, expected int64 [{}]", text_of(sample.group), rows));
  }
  if (!sample.group.defined() && info.groups > 0) {
    refuse_rows(fmt::format("rows have no group, info() says {} groups", info.groups));
  }
  if (rows == 0) return;
  check_finite("x", sample.x);
  if (classes > 0) {
    check_range("y", sample.y, classes);
  } else {
    check_finite("y", sample.y);
  }
  if (sample.causal.defined()) check_finite("causal", sample.causal);
  if (sample.spurious.defined()) check_finite("spurious", sample.spurious);
  if (sample.group.defined() && info.groups > 0) check_range("group", sample.group, info.groups);
}

void check_theory(const Theory& theory, const std::vector<Domain>& domains) {
  if (theory.scores.size() != domains.size()) {
    refuse_rows(fmt::format("its theory has {} scores for {} domains", theory.scores.size(),
                            domains.size()));
  }
  const auto check = [](const TheoryNumber& number) {
    if (std::isfinite(number.value) && std::isfinite(number.error) && number.error >= 0.0) return;
    refuse_rows(
        fmt::format("its theory predicts {} with an error of {}", number.value, number.error));
  };
  for (const TheoryNumber& score : theory.scores) check(score);
  if (theory.spurious_correlation) check(*theory.spurious_correlation);
}

void check_flip_rate(double rate, const Domain& domain) {
  constexpr double kSlack = 1e-6;  // an integral may end a little beside
  if (rate >= -kSlack && rate <= 1.0 + kSlack) return;
  throw PluginError(
      fmt::format("its optimal flip rate in domain '{}' is {}, expected a share from 0 to 1",
                  domain.name, rate));
}

void check_ceilings(const Ceilings& ceilings, const EnvironmentInfo& info, const Domain& domain) {
  // Integrals end a little beside what they stand for.
  constexpr double kSlack = 1e-6;
  const bool accuracy = info.score() == Score::accuracy;
  const auto check = [&](const char* what, const Ceiling& ceiling) {
    const double value = ceiling.value;
    const double bound = ceiling.error_bound;
    // Not a number, of an empirical one: nobody knows it.
    if (std::isnan(value) && ceiling.exactness == Exactness::empirical) return;
    const bool within = std::isfinite(value) && value >= -kSlack - bound &&
                        (!accuracy || value <= 1.0 + kSlack + bound);
    if (within && bound >= 0.0) return;
    refuse_rows(fmt::format("the ceiling '{}' of domain '{}' is {} +- {}, expected {}", what,
                            domain.name, value, bound,
                            accuracy ? "a share from 0 to 1" : "a finite number from 0"));
  };
  check("bayes", ceilings.bayes);
  check("invariant", ceilings.invariant);
  check("spurious_only", ceilings.spurious_only);
  check("chance", Ceiling{ceilings.chance, Exactness::closed_form, 0.0});
  if (ceilings.population_erm) check("population_erm", *ceilings.population_erm);
}

void check_record(const Domain& domain, const std::string& metric, const Tensor& values,
                  std::int64_t replicas) {
  for (const std::string* name : {&domain.name, &metric}) {
    if (name->empty() || name->find('\n') != std::string::npos) {
      refuse_rows("a recorded number has no domain and name in one line each");
    }
  }
  check_results({{metric, values}}, replicas);
}

void check_counts(const UpdateCounts& counts, std::int64_t replicas) {
  const auto each = static_cast<std::size_t>(replicas);
  if (counts.rows < 0 || counts.new_labels.size() != each ||
      (!counts.zero_weight_rows.empty() && counts.zero_weight_rows.size() != each)) {
    refuse_rows(fmt::format(
        "it counts {} rows, new labels of {} and zero-weight rows of {} replicas, there "
        "are {} replicas",
        counts.rows, counts.new_labels.size(), counts.zero_weight_rows.size(), replicas));
  }
  if (!counts.flops.empty() && counts.flops.size() != each) {
    refuse_rows(fmt::format("it counts operations of {} replicas, there are {}",
                            counts.flops.size(), replicas));
  }
  for (const double flops : counts.flops) {
    if (std::isfinite(flops) && flops >= 0.0) continue;
    refuse_rows(fmt::format("it counts {} operations", flops));
  }
}

void check_batch(const Batch& batch, const EnvironmentInfo& info, std::int64_t replicas,
                 bool values) {
  const std::int64_t domains = batch.domains;
  const std::int64_t each = batch.rows_per_domain;
  const std::int64_t classes = classes_in(info);
  if (domains < 1 || each < 1 || batch.task != info.task) {
    refuse_rows(fmt::format("a batch has {} domains of {} rows{}", domains, each,
                            batch.task == info.task ? "" : " and another task than its rows"));
  }
  if (batch.linear) return;
  const auto sets = [&](const Tensor& tensor) {
    return tensor.size(0) == replicas || tensor.size(0) == 1;
  };
  const auto labels = [&](const Tensor& tensor, at::ScalarType type) {
    return held(tensor, type) && tensor.dim() == 3 && sets(tensor) && tensor.size(1) == domains &&
           tensor.size(2) == each;
  };
  const auto shape = at::IntArrayRef(info.input_shape);
  if (!held(batch.x, at::kFloat) || batch.x.dim() < 2 || !sets(batch.x) ||
      batch.x.size(1) != domains * each || batch.x.sizes().slice(2) != shape) {
    refuse_rows(
        fmt::format("x of a batch is {}, expected float32 [K or 1, E * B, ...] = [{}, {}, "
                    "{}]",
                    text_of(batch.x), replicas, domains * each, fmt::join(info.input_shape, ", ")));
  }
  const auto expected = [&](const char* what, const Tensor& tensor, const char* type) {
    refuse_rows(fmt::format("{} of a batch is {}, expected {} [K or 1, E, B] = [{}, {}, {}]", what,
                            text_of(tensor), type, replicas, domains, each));
  };
  if (!labels(batch.y, classes > 0 ? at::kLong : at::kFloat)) {
    expected("y", batch.y, classes > 0 ? "int64" : "float32");
  }
  if (batch.group.defined() && !labels(batch.group, at::kLong)) {
    expected("group", batch.group, "int64");
  }
  if (batch.weight.defined() && !labels(batch.weight, at::kFloat)) {
    expected("weight", batch.weight, "float32");
  }
  if (batch.number.defined() && !labels(batch.number, at::kLong)) {
    expected("number", batch.number, "int64");
  }
  for (const auto& [what, tensor] :
       {std::pair{"advantage", &batch.advantage}, std::pair{"returns", &batch.returns},
        std::pair{"log_probability", &batch.log_probability}}) {
    if (tensor->defined() && !labels(*tensor, at::kFloat)) expected(what, *tensor, "float32");
  }
  if (!values) return;
  if (classes > 0) check_range("y in a batch", batch.y, classes);
  if (batch.group.defined() && info.groups > 0) {
    check_range("group in a batch", batch.group, info.groups);
  }
}

Tensor checked_state_values(const Tensor& values, const Tensor& x) {
  if (!values.defined()) return values;
  if (values.scalar_type() != at::kFloat || values.dim() != 2 || values.size(0) != x.size(0) ||
      values.size(1) != x.size(1) || values.requires_grad()) {
    refuse_rows(fmt::format("the values of states are {}, expected float32 [{}, {}], no graph",
                            text_of(values), x.size(0), x.size(1)));
  }
  return values.to(at::kCPU).contiguous();
}

void check_schedule(const std::vector<Phase>& schedule, const EnvironmentInfo& info) {
  for (const Phase& phase : schedule) {
    check_domain(phase.domain, info);
    for (const Domain& domain : phase.trained_on) check_domain(domain, info);
    if (phase.max_past_phases_evaluated < 0) {
      refuse_rows(fmt::format("phase '{}': max_past_phases_evaluated is {}", phase.domain.name,
                              phase.max_past_phases_evaluated));
    }
  }
}

}  // namespace spurion::nouns
