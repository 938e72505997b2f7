#include "harness/store/stored_suite.hpp"

#include "spurion/error.hpp"

namespace spurion::harness {

std::shared_ptr<const Suite> stored_suite(const StoredResults& results) {
  if (results.suite) return results.suite;
  const auto text = results.context.find("suite");
  if (text == results.context.end()) throw StoreError("the store does not contain its suite");
  return std::make_shared<const Suite>(Suite::parse(text->second, "suite"));
}

std::shared_ptr<const Suite> readable_suite(const StoredResults& results) {
  if (results.context.count("suite") == 0) return nullptr;
  try {
    return stored_suite(results);
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace spurion::harness
