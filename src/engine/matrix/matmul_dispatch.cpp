#include "engine/matrix/matmul_dispatch.hpp"

#include <array>
#include <cstring>
#include <dnnl.hpp>
#include <map>
#include <unordered_map>
#include <vector>

#include "engine/matrix/gemm.hpp"

namespace spurion::engine {

namespace {

using Key = std::array<std::int64_t, 5>;  // M, N, P, transposed a, transposed b

/// A oneDNN matrix product of one shape, ready to run.
struct Primitive {
  dnnl::matmul primitive;
  dnnl::memory a;
  dnnl::memory b;
  dnnl::memory c;
  dnnl::memory scratchpad;
  std::unordered_map<int, dnnl::memory> arguments;
};

/// One oneDNN engine, stream and set of primitives for each thread: workers never share state.
class Primitives {
 public:
  Primitives() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

  void run(const Key& key, const float* a, const float* b, float* c) {
    auto found = cache_.find(key);
    if (found == cache_.end()) found = cache_.emplace(key, make(key)).first;
    Primitive& primitive = found->second;
    // oneDNN takes pointers to non-const; it does not write to sources.
    primitive.a.set_data_handle(const_cast<float*>(a));
    primitive.b.set_data_handle(const_cast<float*>(b));
    primitive.c.set_data_handle(c);
    primitive.primitive.execute(stream_, primitive.arguments);
    stream_.wait();
  }

 private:
  [[nodiscard]] Primitive make(const Key& key) const {
    using dnnl::memory;
    const auto [m, n, p, transposed_a, transposed_b] = key;
    const auto description = [](std::int64_t rows, std::int64_t columns, bool transposed) {
      return memory::desc({rows, columns}, memory::data_type::f32,
                          transposed ? memory::dims{1, rows} : memory::dims{columns, 1});
    };
    const auto a = description(m, n, transposed_a != 0);
    const auto b = description(n, p, transposed_b != 0);
    const auto c = description(m, p, false);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc primitive(engine_, a, b, c, attributes);
#else
    const dnnl::matmul::primitive_desc primitive(dnnl::matmul::desc(a, b, c), attributes, engine_);
#endif
    Primitive made{dnnl::matmul(primitive),
                   memory(a, engine_, nullptr),
                   memory(b, engine_, nullptr),
                   memory(c, engine_, nullptr),
                   memory(primitive.scratchpad_desc(), engine_),
                   {}};
    made.arguments = {{DNNL_ARG_SRC, made.a},
                      {DNNL_ARG_WEIGHTS, made.b},
                      {DNNL_ARG_DST, made.c},
                      {DNNL_ARG_SCRATCHPAD, made.scratchpad}};
    return made;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<Key, Primitive> cache_;
};

/// Below this many multiply-adds the call overhead of oneDNN outweighs its better kernels.
constexpr std::int64_t kSmall = 30000000;

/// One column: a product of a matrix and a vector, or of two vectors.
bool narrow(std::int64_t p) { return p < 8; }

}  // namespace

void product(const ProductShape& shape, const Operand& a, const Operand& b, float* c,
             const Epilogue& epilogue) {
  const auto [m, n, p] = shape;
  if (m == 0 || p == 0) return;
  if (n == 0) {
    if (epilogue.accumulate) return;
    std::memset(c, 0, static_cast<std::size_t>(m * p) * sizeof(float));
    apply(epilogue, m, p, c);
    return;
  }
  if (m * n * p > kSmall && !narrow(p) && !epilogue.accumulate) {
    thread_local Primitives primitives;
    primitives.run({m, n, p, a.transposed ? 1 : 0, b.transposed ? 1 : 0}, a.data, b.data, c);
    apply(epilogue, m, p, c);
    return;
  }
  const MatrixView left{a.data, a.transposed ? 1 : n, a.transposed ? m : 1};
  if (!b.transposed || p == 1 || n == 1) {
    // A transposed vector lies in memory as the vector does.
    small_gemm(shape, left, {b.data, p}, c, epilogue);
    return;
  }
  thread_local std::vector<float> turned;
  turned.resize(static_cast<std::size_t>(n * p));
  transpose(b.data, p, n, turned.data());
  small_gemm(shape, left, {turned.data(), p}, c, epilogue);
}

}  // namespace spurion::engine
