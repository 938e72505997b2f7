#include "spurion/registry.hpp"

#include "catch.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;

namespace {

struct Noun {
  virtual ~Noun() = default;
};
struct Thing : Noun {
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit Thing(const Options& /*options*/) {}
};

}  // namespace

TEST_CASE("an unknown name is answered with the nearest and the list") {
  Registry<Noun> registry("method");
  registry.add<Thing>("irm_v1", "s", "r");
  registry.add<Thing>("erm", "s", "r");
  CHECK_THROWS_WITH(registry.at("irmv1"),
                    "unknown method 'irmv1'; did you mean 'irm_v1'? (there are: erm, irm_v1)");
  CHECK_THROWS_WITH(registry.at("zzzzzzzz"), "unknown method 'zzzzzzzz' (there are: erm, irm_v1)");
}

TEST_CASE("a name is registered once and is lower_snake_case") {
  Registry<Noun> registry("method");
  registry.add<Thing>("erm", "s", "r");
  registry.set_origin("my_lab 1.2");
  CHECK_THROWS_WITH(registry.add<Thing>("erm", "s", "r"),
                    "method 'erm' is registered twice: by this program and by my_lab 1.2");
  CHECK_THROWS_AS(registry.add<Thing>("Erm", "s", "r"), UsageError);
}

TEST_CASE("the built-in catalog is complete and separate catalogs do not share") {
  const Catalog first = builtin_catalog();
  Catalog second;
  CHECK(first.methods.contains("irm_v1"));
  CHECK(first.environments.contains("coloured_images"));
  CHECK(second.methods.names().empty());
}
