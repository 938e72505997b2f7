#include "spurion/archive.hpp"

#include <ATen/ATen.h>
#include <sys/stat.h>

#include <fstream>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

struct State {
  Tensor tensor;
  Tensor none;
  std::int64_t number = 0;
  double real = 0.0;
  bool flag = false;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<Tensor> tensors;

  void visit_state(StateVisitor& visit) {
    visit("tensor", tensor);
    visit("none", none);
    visit("number", number);
    visit("real", real);
    visit("flag", flag);
    visit("text", text);
    visit("integers", integers);
    visit("reals", reals);
    visit("tensors", tensors);
  }
};

State example() {
  State state;
  state.tensor = at::arange(6, at::kFloat).reshape({2, 3}) / 7;
  state.number = -3;
  state.real = 0.1;
  state.flag = true;
  state.text = "a\nb";
  state.integers = {1, 2, 3};
  state.reals = {0.5};
  state.tensors = {at::ones({2}, at::kLong), Tensor(), at::zeros({0, 4})};
  return state;
}

}  // namespace

TEST_CASE("state goes through a file and comes back bit for bit") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "x.state";
  State before = example();
  Archive archive;
  StateVisitor saver = StateVisitor::saver(archive).inside("part");
  before.visit_state(saver);
  archive.write(file);

  Archive read = Archive::read(file);
  State after;
  StateVisitor loader = StateVisitor::loader(read).inside("part");
  after.visit_state(loader);
  CHECK(at::equal(after.tensor, before.tensor));
  CHECK_FALSE(after.none.defined());
  CHECK(after.number == -3);
  CHECK(after.real == 0.1);
  CHECK(after.flag);
  CHECK(after.text == "a\nb");
  CHECK(after.integers == before.integers);
  CHECK(after.reals == before.reals);
  REQUIRE(after.tensors.size() == 3);
  CHECK(at::equal(after.tensors[0], before.tensors[0]));
  CHECK_FALSE(after.tensors[1].defined());
  CHECK(after.tensors[2].sizes() == before.tensors[2].sizes());
  CHECK_THROWS_WITH(read.get("missing"), Contains("'missing'"));
}

TEST_CASE("a damaged state is refused wherever it is cut or changed") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "x.state";
  State state = example();
  Archive archive;
  StateVisitor saver = StateVisitor::saver(archive);
  state.visit_state(saver);
  archive.write(file);
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  const auto damaged = folder.path() / "damaged.state";
  const auto refused = [&](const std::string& content) {
    std::ofstream(damaged, std::ios::binary) << content;
    try {
      Archive::read(damaged);
      return false;
    } catch (const StoreError&) {
      return true;
    }
  };
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7) CHECK(refused(bytes.substr(0, cut)));
  for (std::size_t at = 0; at < bytes.size(); at += 5) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    CHECK(refused(changed));
  }
  CHECK_THROWS_AS(Archive::read(folder.path() / "missing.state"), StoreError);
  const auto pipe = folder.path() / "pipe.state";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(Archive::read(pipe), StoreError);  // and does not wait for a writer
}
