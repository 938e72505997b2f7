// Trained parameters as files: what they hold, and whose there are.
#include <torch/csrc/jit/serialization/pickle.h>

#include <fstream>
#include <iterator>

#include "analysis/chosen_trials.hpp"
#include "catch.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

c10::impl::GenericDict read_model(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  return torch::jit::pickle_load(bytes).toGenericDict();
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("the parameters of chosen trials are kept, and those of no other") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  options.jobs = 1;
  options.keep_models = {options.out / "models",
                         analysis::chosen_trials("method=erm,optimizer.learning_rate=0.1")};
  const Suite suite = Suite::parse(tests::tiny_suite(), "s.toml");
  run_suite(suite, catalog, options);
  CHECK(files_in(options.out / "models") == 3);  // a seed each
  std::vector<at::Tensor> first_layers;
  for (const TrialSpec& trial : suite.trials(catalog)) {
    if (!options.keep_models.chosen(trial)) continue;
    const auto file = read_model(options.out / "models" / (trial.id() + ".pt"));
    CHECK(file.at("trial").toStringRef() == trial.canonical().canonical_json());
    CHECK_THAT(file.at("evaluated").toStringRef(), Contains("trained parameters"));
    const auto state = file.at("state_dict").toGenericDict();
    CHECK(state.size() == 4);  // two layers with weights and biases
    for (const auto& entry : state) {
      CHECK(entry.value().toTensor().isfinite().all().item<bool>());
      if (entry.value().toTensor().dim() == 2 && entry.value().toTensor().size(0) == 5) {
        first_layers.push_back(entry.value().toTensor());
      }
    }
  }
  REQUIRE(first_layers.size() >= 3);
  CHECK_FALSE(first_layers[0].equal(first_layers[1]));
}

TEST_CASE("a file of parameters that cannot be written ends the run") {
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  options.jobs = 1;
  std::ofstream(folder.path() / "taken") << "a file";
  options.keep_models.folder = folder.path() / "taken";
  const Suite suite = Suite::parse(tests::tiny_suite(), "s.toml");
  CHECK_THROWS_AS(run_suite(suite, builtin_catalog(), options), StoreError);
}

TEST_CASE("trials are chosen by their fields, and a choice of none is explained") {
  const Catalog catalog = builtin_catalog();
  const std::vector<TrialSpec> trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  const auto count = [&](const std::string& text) {
    return std::count_if(trials.begin(), trials.end(), analysis::chosen_trials(text));
  };
  CHECK(count("all") == 12);
  CHECK(count("seed=0") == 4);
  CHECK(count("method=irm_v1,seed=2") == 2);
  CHECK(count("optimizer.learning_rate=1e-1") == 6);
  CHECK(count("experiment=grid") == 12);
  CHECK(count("experiment=other") == 0);
  CHECK_THROWS_WITH(analysis::chosen_trials("erm"), Contains("method=erm,seed=0"));
  CHECK_THROWS_WITH(analysis::chosen_trials("method=erm,"), Contains("method=erm,seed=0"));
  const auto refusal = [&](const std::string& text) {
    try {
      analysis::check_chosen(text, trials);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refusal("seed=0").empty());
  CHECK(refusal("method=erm2") == "no trial has method=erm2 (values: erm, irm_v1)");
  CHECK_THAT(refusal("model.widht=5"), Contains("did you mean") && Contains("model.width"));
}
