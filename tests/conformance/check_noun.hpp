#pragma once

#include <memory>
#include <string>

#include "catch.hpp"
#include "spurion/conformance.hpp"

namespace spurion::tests {

/// One of several parts, 1 to `of`: every `of`-th subject.
struct Part {
  int number = 1;
  int of = 1;
};

/// Checks everything of one noun, or a part of it, with its defaults and with each of its words and
/// switches.
inline void check_noun(const std::string& noun, const Part& part = {}) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  int subjects = 0;
  for (const ConformanceSubject& subject : conformance_subjects(catalog)) {
    if (subject.noun != noun || ++subjects % part.of != part.number - 1) continue;
    INFO(subject.name << ' ' << subject.variant());
    for (const ConformanceResult& result : check_conformance(catalog, subject, sources)) {
      CAPTURE(result.check, result.message);
      CHECK(result.outcome != Outcome::failed);
    }
  }
  CHECK(subjects >= part.of);
}

}  // namespace spurion::tests
