#pragma once

#include <type_traits>

#include "core/failure.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/wrapped_environment.hpp"

namespace spurion::harness {

/// The environment of a plug-in as commands look at it: what it throws is attributed to it, but for
/// what tells of bad input (`UsageError`, `DataError`).
class GuardedEnvironment final : public nouns::WrappedEnvironment {
 public:
  /// Throws `PluginError` where its facts contradict each other.
  GuardedEnvironment(std::shared_ptr<const Environment> world, core::Part part)
      : nouns::WrappedEnvironment(std::move(world)), part_(std::move(part)) {
    guarded([&] { nouns::check_environment(inner()); });
  }

  [[nodiscard]] std::vector<Domain> train_domains() const override {
    return guarded([&] { return inner().train_domains(); });
  }
  [[nodiscard]] Domain test_domain() const override {
    return guarded([&] { return inner().test_domain(); });
  }
  [[nodiscard]] Domain at(double shift) const override {
    return guarded([&] { return inner().at(shift); });
  }
  [[nodiscard]] Domain at_cues(const std::vector<double>& shifts) const override {
    return guarded([&] { return inner().at_cues(shifts); });
  }
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const override {
    return guarded([&] { return inner().row_limit(domain, split); });
  }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return guarded([&] { return inner().supports(intervention); });
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return guarded([&] {
      const Ceilings found = inner().ceilings(domain);
      nouns::check_ceilings(found, info(), domain);
      return found;
    });
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    return guarded([&] { return inner().sample(domain, split, rows, intervention); });
  }

 private:
  template <class Body>
  std::invoke_result_t<const Body&> guarded(const Body& body) const {
    try {
      return body();
    } catch (const UsageError&) {
      throw;
    } catch (const DataError&) {
      throw;
    } catch (...) {
      core::blame(part_);
    }
  }

  core::Part part_;
};

/// An environment that was made by the entry `name` of a catalog, guarded unless it is a built-in.
inline std::shared_ptr<const Environment> guarded_if_plugin(
    std::shared_ptr<const Environment> world, const Catalog& catalog, const std::string& name) {
  if (catalog.environments.at(name).info.builtin()) return world;
  return std::make_shared<const GuardedEnvironment>(std::move(world),
                                                    core::part_of(catalog.environments, name));
}

/// An environment of a catalog; one that is no built-in is guarded.
inline std::shared_ptr<const Environment> guarded_world(const Catalog& catalog,
                                                        const std::string& name,
                                                        const Value& options,
                                                        const EnvironmentContext& context) {
  return guarded_if_plugin(catalog.environments.at(name).make({options}, context), catalog, name);
}

}  // namespace spurion::harness
