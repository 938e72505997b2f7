#include "nouns/held_out_domain.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/counted.hpp"
#include "nouns/wrapped_environment.hpp"
#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

class WithHeldOutDomain final : public WrappedEnvironment {
 public:
  WithHeldOutDomain(std::shared_ptr<const Environment> inner, std::size_t held_out)
      : WrappedEnvironment(std::move(inner)), held_out_(held_out) {}

  [[nodiscard]] std::vector<Domain> train_domains() const override {
    std::vector<Domain> domains = inner().train_domains();
    domains.erase(domains.begin() + static_cast<std::ptrdiff_t>(held_out_));
    return domains;
  }
  [[nodiscard]] Domain test_domain() const override {
    Domain domain = inner().train_domains()[held_out_];
    domain.name = "test";
    domain.kind = DomainKind::test;
    return domain;
  }
  /// The environment inside would predict what comes of training on all of its domains.
  [[nodiscard]] std::optional<Theory> theory(
      const TheoryRequest& /*request*/, const std::vector<Domain>& /*domains*/) const override {
    return {};
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return inner().ceilings(domain);
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    return inner().sample(domain, split, rows, intervention);
  }

 private:
  std::size_t held_out_;
};

}  // namespace

std::shared_ptr<const Environment> with_held_out_domain(
    std::shared_ptr<const Environment> environment, std::int64_t held_out) {
  if (held_out < 0) return environment;
  const auto count = static_cast<std::int64_t>(environment->train_domains().size());
  if (held_out >= count || count < 2) {
    throw UsageError(fmt::format("training.held_out_domain = {}: {} has {} (numbers from 0){}",
                                 held_out, environment->info().name,
                                 core::counted(count, "train domain"),
                                 count < 2 ? ", and none would be left to train on" : ""));
  }
  return std::make_shared<WithHeldOutDomain>(std::move(environment),
                                             static_cast<std::size_t>(held_out));
}

}  // namespace spurion::nouns
