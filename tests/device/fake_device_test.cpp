#include "device/fake_device.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "catch.hpp"

using namespace spurion::test;
using at::Tensor;

// The other tests say something only as far as the device is as strict as an accelerator.

TEST_CASE("the fake device computes, shares memory between views and goes back through graphs") {
  const Tensor here = at::arange(12, at::kFloat).reshape({3, 4});
  const Tensor there = here.to(fake_device);
  CHECK(there.device() == fake_device);
  CHECK(at::equal(there.to(at::kCPU), here));
  CHECK(at::equal((there * 2 + 1).sum(1).to(at::kCPU), (here * 2 + 1).sum(1)));
  there.narrow(1, 1, 2).select(0, 1).zero_();
  CHECK(there.to(at::kCPU).sum().item<float>() == Approx(66.0 - 5.0 - 6.0));

  const auto twice = [](const Tensor& leaf) {
    const Tensor value = at::bmm(leaf, leaf.transpose(1, 2)).relu().sum();
    const Tensor once = torch::autograd::grad({value}, {leaf}, {}, true, true)[0];
    return torch::autograd::grad({once.pow(2).sum()}, {leaf})[0].to(at::kCPU);
  };
  at::manual_seed(1);
  const Tensor leaf = at::randn({2, 3, 4});
  CHECK(at::equal(twice(leaf.clone().requires_grad_(true)),
                  twice(leaf.to(fake_device).requires_grad_(true))));
}

TEST_CASE("the fake device refuses tensors of the host") {
  const Tensor here = at::ones({3, 4});
  const Tensor there = here.to(fake_device);
  CHECK_THROWS(there + here);
  CHECK_THROWS(at::matmul(there, here.t()));
  CHECK_THROWS(at::cat({there, here}));
  CHECK_THROWS(there.index_select(0, at::zeros({1}, at::kLong)));
  CHECK_NOTHROW(there * at::scalar_tensor(2.0F));
}

TEST_CASE("the host cannot read the fake device's addresses") {
  const auto address = reinterpret_cast<std::uintptr_t>(at::ones({3}).to(fake_device).data_ptr());
  CHECK(address >> 47 != 0);  // beyond what a program of x86-64 or AArch64 can map
}
