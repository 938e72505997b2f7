#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("selftest checks what it is asked to") {
  Shell shell;
  const Finished two = shell.run({"selftest", "erm", "accuracy"});
  CHECK(two.code == 0);
  CHECK_THAT(two.out, Contains("ok   method erm") && Contains("ok   metric accuracy") &&
                          Contains("0 failed"));
  CHECK_THAT(two.out, !Contains("irm_v1"));
  const Finished unknown = shell.run({"selftest", "ermm"});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Contains("unknown name 'ermm'; did you mean 'erm'?"));
}
