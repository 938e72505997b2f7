#include "engine/matrix/matmul.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "catch.hpp"

using namespace spurion;
using engine::Transpose;

namespace {

Tensor operand(std::int64_t replicas, std::int64_t rows, std::int64_t columns, bool transposed) {
  return transposed ? at::randn({replicas, columns, rows}) : at::randn({replicas, rows, columns});
}

Tensor plain(const Tensor& a, bool ta, const Tensor& b, bool tb) {
  const std::int64_t k = std::max(a.size(0), b.size(0));
  const Tensor left = (ta ? a.transpose(1, 2) : a).to(at::kDouble).expand({k, -1, -1});
  const Tensor right = (tb ? b.transpose(1, 2) : b).to(at::kDouble).expand({k, -1, -1});
  return at::bmm(left, right);
}

}  // namespace

TEST_CASE("batched products and their gradients agree with float64 LibTorch over many shapes") {
  at::manual_seed(3);
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      for (const auto& [m, n, p] : {std::tuple{1, 1, 1}, {7, 20, 16}, {33, 5, 1}, {64, 130, 31}}) {
        for (const auto& [ka, kb] : {std::pair{3, 3}, {1, 3}, {3, 1}, {1, 1}}) {
          Tensor a = operand(ka, m, n, ta).requires_grad_(true);
          Tensor b = operand(kb, n, p, tb).requires_grad_(true);
          const Tensor c = engine::batched_matmul(a, ta ? Transpose::yes : Transpose::no, b,
                                                  tb ? Transpose::yes : Transpose::no);
          Tensor a64 = a.detach().to(at::kDouble).requires_grad_(true);
          Tensor b64 = b.detach().to(at::kDouble).requires_grad_(true);
          const Tensor c64 = plain(a64, ta, b64, tb);
          const double tolerance = 2e-6 * std::sqrt(static_cast<double>(n)) * 4;
          CHECK((c - c64).abs().max().item<double>() < tolerance);
          const Tensor seed = at::randn(c.sizes());
          const auto got = torch::autograd::grad({c}, {a, b}, {seed});
          const auto want = torch::autograd::grad({c64}, {a64, b64}, {seed.to(at::kDouble)});
          const double gradient_tolerance = 2e-5 * std::sqrt(static_cast<double>(m + p));
          CHECK((got[0] - want[0]).abs().max().item<double>() < gradient_tolerance);
          CHECK((got[1] - want[1]).abs().max().item<double>() < gradient_tolerance);
        }
      }
    }
  }
}

TEST_CASE("a replica's product is the same bits alone and among others") {
  at::manual_seed(4);
  const Tensor a = at::randn({5, 33, 20});
  const Tensor b = at::randn({5, 20, 17});
  const Tensor all = engine::batched_matmul(a, Transpose::no, b, Transpose::no);
  for (std::int64_t k = 0; k < 5; ++k) {
    CHECK(at::equal(
        engine::batched_matmul(a.narrow(0, k, 1), Transpose::no, b.narrow(0, k, 1), Transpose::no),
        all.narrow(0, k, 1)));
  }
}

TEST_CASE("a product can be differentiated twice") {
  Tensor a = at::randn({2, 3, 4}, at::kDouble).requires_grad_(true);
  Tensor b = at::randn({2, 4, 5}, at::kDouble).requires_grad_(true);
  const auto penalty = [](const Tensor& c, const Tensor& x, const Tensor& y) {
    const auto gradients = torch::autograd::grad({c.pow(2).sum()}, {x, y}, {}, true, true);
    return gradients[0].pow(2).sum() + gradients[1].pow(2).sum();
  };
  const auto got = torch::autograd::grad(
      {penalty(engine::batched_matmul(a, Transpose::no, b, Transpose::no), a, b)}, {a, b});
  const auto want = torch::autograd::grad({penalty(at::bmm(a, b), a, b)}, {a, b});
  CHECK(at::allclose(got[0], want[0], 1e-10));
  CHECK(at::allclose(got[1], want[1], 1e-10));
}

TEST_CASE("empty extents are no special case") {
  CHECK(engine::batched_matmul(at::randn({2, 0, 3}), Transpose::no, at::randn({2, 3, 4}),
                               Transpose::no)
            .numel() == 0);
}
