// BibTeX entries: there is one for whatever a registered thing says that it is from.
#include "report/references.hpp"

#include <algorithm>
#include <regex>
#include <set>

#include "catch.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// What an entry must have for what a thing says of its source: every arXiv number of it is the one
/// of an entry.
template <class Registry>
void check_registry(const Registry& registry) {
  static const std::regex number("arXiv:([0-9]{4}\\.[0-9]{4,5})");
  static const std::regex year("(19|20)[0-9][0-9]");
  for (const std::string& name : registry.names()) {
    const std::string& source = registry.at(name).info.reference;
    CAPTURE(registry.kind(), name, source);
    std::set<std::string> known;
    for (const report::Reference* one : report::references_of(registry.kind(), name)) {
      known.insert(std::string(one->arxiv));
    }
    for (std::sregex_iterator it(source.begin(), source.end(), number), end; it != end; ++it) {
      CHECK(known.count((*it)[1]) == 1);
    }
    if (std::regex_search(source, year)) CHECK_FALSE(known.empty());
  }
}

}  // namespace

TEST_CASE("what environments, methods and models are from has an entry") {
  const Catalog catalog = builtin_catalog();
  check_registry(catalog.environments);
  check_registry(catalog.methods);
  check_registry(catalog.models);
  std::set<std::string> things;
  for (const std::string& name : catalog.environments.names()) things.insert("environment " + name);
  for (const std::string& name : catalog.methods.names()) things.insert("method " + name);
  for (const std::string& name : catalog.models.names()) things.insert("model " + name);
  std::set<std::string_view> keys;
  std::set<std::string_view> numbers;
  for (const report::Reference& one : report::references()) {
    CAPTURE(one.key);
    CHECK(keys.insert(one.key).second);
    if (!one.arxiv.empty()) CHECK(numbers.insert(one.arxiv).second);
    CHECK(std::string(one.key).find(std::to_string(one.year)) != std::string::npos);
    CHECK((one.venue == report::Venue::preprint) == one.where.empty());
  }
  for (const report::CitedBy& one : report::cited_by()) {
    CAPTURE(one.name);
    CHECK(things.count(std::string(one.noun) + " " + std::string(one.name)) == 1);
    const auto words = std::count(one.keys.begin(), one.keys.end(), ' ') + 1;
    CHECK(report::references_of(std::string(one.noun), std::string(one.name)).size() ==
          static_cast<std::size_t>(words));
  }
}

TEST_CASE("a bibliography has each work once, and names what has none") {
  StoredResults results;
  for (const char* method : {"irm_v1", "random_penalty"}) {
    TrialResult trial;
    trial.spec.environment.name = "coloured_images";
    trial.spec.model.name = "linear";
    trial.spec.method.name = method;
    results.trials.push_back(trial);
  }
  const std::string text = report::bibliography(results);
  CHECK_THAT(text,
             Contains("@software{spurion,") &&
                 Contains("% environment coloured_images, method irm_v1\n@misc{arjovsky2019irm,") &&
                 Contains("title = {{Invariant Risk Minimization}}") &&
                 Contains("eprint = {1907.02893}") &&
                 Contains("% Without an entry here: method random_penalty, model linear"));
  CHECK(text.find("@misc{arjovsky", text.find("@misc{arjovsky") + 1) == std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '{') == std::count(text.begin(), text.end(), '}'));
}
