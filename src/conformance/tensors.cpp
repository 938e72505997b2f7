#include "conformance/tensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>

#include "conformance/checker.hpp"

namespace spurion::conformance {

bool same_bits(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const Tensor left = a.detach().contiguous();
  const Tensor right = b.detach().contiguous();
  return left.numel() == 0 || std::memcmp(left.data_ptr(), right.data_ptr(), left.nbytes()) == 0;
}

std::string difference(const Tensor& a, const Tensor& b) {
  if (same_bits(a, b)) return {};
  if (!a.defined() || !b.defined()) return "one of them is undefined";
  if (a.scalar_type() != b.scalar_type()) {
    return fmt::format("type {} against {}", c10::toString(a.scalar_type()),
                       c10::toString(b.scalar_type()));
  }
  if (a.sizes() != b.sizes()) {
    return fmt::format("shape [{}] against [{}]", fmt::join(a.sizes(), ", "),
                       fmt::join(b.sizes(), ", "));
  }
  const Tensor left = a.detach().contiguous().flatten();
  const Tensor right = b.detach().contiguous().flatten();
  for (std::int64_t i = 0; i < left.numel(); ++i) {
    if (same_bits(left[i], right[i])) continue;
    std::vector<std::int64_t> index(static_cast<std::size_t>(a.dim()));
    std::int64_t rest = i;
    for (std::size_t axis = index.size(); axis-- > 0;) {
      const std::int64_t extent = a.size(static_cast<std::int64_t>(axis));
      index[axis] = rest % extent;
      rest /= extent;
    }
    return fmt::format("at [{}]: {} against {}", fmt::join(index, ", "), left[i].item<double>(),
                       right[i].item<double>());
  }
  return "somewhere";
}

void require_same_bits(const std::string& what, const Tensor& a, const Tensor& b) {
  if (!same_bits(a, b)) fail(fmt::format("{}: {}", what, difference(a, b)));
}

void require_same_rows(const std::string& what, const Sample& a, const Sample& b) {
  require_same_bits(what + ", x", a.x, b.x);
  require_same_bits(what + ", y", a.y, b.y);
  require_same_bits(what + ", causal", a.causal, b.causal);
  require_same_bits(what + ", spurious", a.spurious, b.spurious);
  require_same_bits(what + ", group", a.group, b.group);
}

Sample slice(const Sample& sample, std::int64_t first, std::int64_t count) {
  const auto part = [&](const Tensor& values) {
    return values.defined() ? values.narrow(0, first, count) : Tensor();
  };
  return {part(sample.x), part(sample.y), part(sample.causal), part(sample.spurious),
          part(sample.group)};
}

void require_finite(const std::string& what, const Tensor& values) {
  require(at::isfinite(values).all().item<bool>(), what + " is not finite");
}

Tensor normals(const RandomKey& key, const Shape& shape) {
  Tensor out = at::empty(shape, at::kFloat);
  RandomStream(key).fill_normal(0, out.numel(), 1, out.data_ptr<float>());
  return out;
}

}  // namespace spurion::conformance
