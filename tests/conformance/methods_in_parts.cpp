// The methods are most of what is to be checked. In parts, each with a CTest entry of its own, they
// keep all cores busy.
#include "catch.hpp"
#include "conformance/check_noun.hpp"

using spurion::tests::check_noun;

TEST_CASE("every built-in method conforms, part 1", "[methods_1]") { check_noun("method", {1, 3}); }
TEST_CASE("every built-in method conforms, part 2", "[methods_2]") { check_noun("method", {2, 3}); }
TEST_CASE("every built-in method conforms, part 3", "[methods_3]") { check_noun("method", {3, 3}); }
