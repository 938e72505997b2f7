// TorchScript files as models, measured only.
#include <torch/csrc/jit/api/module.h>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

void save(const std::filesystem::path& file, const std::string& body) {
  torch::jit::Module module("net");
  module.define("def forward(self, x):\n    " + body + "\n");
  module.save(file.string());
}

std::map<std::string, double> test_scores(const std::filesystem::path& folder,
                                          const std::string& domain) {
  std::map<std::string, double> found;
  const StoredResults results = read_results(folder);
  REQUIRE(results.trials.size() == 1);
  for (const Measurement& row : results.trials.front().measurements) {
    if (row.domain == domain) found[row.metric] = row.value;
  }
  return found;
}

}  // namespace

TEST_CASE("a scripted module is measured on train domains, test domain and dial") {
  Shell shell;
  save(shell.path("causal.pt"), "return x[:, 0:1]");
  save(shell.path("cue.pt"), "return x[:, 1]");
  for (const char* name : {"causal", "cue"}) {
    const Finished scored = shell.run(
        {"score", "two_bit", "--model", "script:" + std::string(name) + ".pt", "--out", name});
    CHECK(scored.err.empty());
    REQUIRE(scored.code == 0);
    CHECK_THAT(scored.out, Contains(std::string(name) + " on two_bit"));
    CHECK(shell.run({"report", name}).code == 0);
  }
  auto causal = test_scores(shell.path("causal"), "test");
  auto cue = test_scores(shell.path("cue"), "test");
  CHECK(causal.at("flip_rate") == 0.0);
  CHECK(cue.at("flip_rate") == 1.0);
  CHECK(causal.at("accuracy") == Approx(causal.at("ceiling_invariant")).margin(0.03));
  CHECK(causal.at("confusion_index") == Approx(0.0).margin(0.1));
  CHECK(cue.at("confusion_index") == Approx(1.0).margin(0.1));
  // The cue always agrees at one end of the shift and never at the other.
  const double low = test_scores(shell.path("cue"), "shift=0").at("accuracy");
  const double high = test_scores(shell.path("cue"), "shift=1").at("accuracy");
  CHECK(low + high == Approx(1.0));
  CHECK((low == 1.0 || high == 1.0));
}

TEST_CASE("a scripted module that does not fit the world says why") {
  Shell shell;
  const auto complaint = [&](const std::string& body) {
    save(shell.path("net.pt"), body);
    const Finished finished = shell.run({"score", "two_bit", "--model", "script:net.pt"});
    CHECK(finished.code == 3);
    CHECK(finished.out.empty());
    return finished.err;
  };
  CHECK_THAT(complaint("return x.repeat(1, 2)"), Contains("4 logits a row, two_bit expects 1"));
  CHECK_THAT(complaint("return x[1:]"), Contains("expected [1000] or [1000, outputs]"));
  CHECK_THAT(complaint("return (x, x)"), Contains("gives a Tuple, expected one tensor"));
  CHECK_THAT(complaint("return x.reshape(7, 7, 7)"),
             Contains("its forward cannot take rows of shape [1000, 2]"));
  CHECK_THAT(complaint("return x[:, 0] / 0.0"), Contains("expected a finite number"));
}
