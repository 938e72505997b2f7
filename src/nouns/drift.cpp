#include "nouns/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "spurion/error.hpp"

namespace spurion {

namespace {

constexpr const char* kMark = "|drift:";
constexpr Drift::Kind kKinds[] = {Drift::Kind::classes, Drift::Kind::covariates,
                                  Drift::Kind::mechanism};

}  // namespace

const char* drift_name(Drift::Kind kind) {
  constexpr const char* kNames[] = {"none", "classes", "covariates", "mechanism"};
  return kNames[static_cast<int>(kind)];
}

Domain with_drift(Domain domain, const Drift& drift) {
  domain = without_drift(std::move(domain));
  if (drift.kind != Drift::Kind::none) {
    domain.key += fmt::format("{}{}={}", kMark, drift_name(drift.kind), drift.level);
  }
  return domain;
}

Drift drift_of(const Domain& domain) {
  const auto mark = domain.key.find(kMark);
  if (mark == std::string::npos) return {};
  const std::string text = domain.key.substr(mark + std::string(kMark).size());
  const auto equals = text.find('=');
  for (const Drift::Kind kind : kKinds) {
    if (text.compare(0, equals, drift_name(kind)) != 0) continue;
    double level = 0.0;  // not `strtod`: a program may have set another decimal point
    std::from_chars(text.data() + equals + 1, text.data() + text.size(), level);
    return {kind, level};
  }
  throw LogicError("a domain's key names an unknown drift: " + domain.key);
}

Domain without_drift(Domain domain) {
  if (const auto mark = domain.key.find(kMark); mark != std::string::npos) domain.key.resize(mark);
  return domain;
}

void require_drift(const EnvironmentInfo& info, const Drift& drift) {
  if (drift.kind == Drift::Kind::classes && info.task == Task::regression) {
    throw UsageError(fmt::format("{} has no classes that could drift", info.name));
  }
  if (drift.kind != Drift::Kind::mechanism || info.task != Task::multiclass) return;
  const auto classes = static_cast<double>(info.outputs);
  if (drift.level > (classes - 1.0) / classes) {
    throw UsageError(fmt::format(
        "drift level {} of the mechanism of {} is beyond {:.3g}, where labels of {} classes say "
        "nothing; what a predictor can reach there is not known",
        drift.level, info.name, (classes - 1.0) / classes, info.outputs));
  }
}

bool draws_drift(const Environment& environment) {
  const auto* knows = dynamic_cast<const DrawsDrift*>(&environment);
  return knows != nullptr && knows->draws_drift();
}

}  // namespace spurion
