#include "engine/risks/logistic_rows.hpp"

#include <cmath>
#include <cstdlib>
#include <memory>
#include <new>

#include "engine/matrix/simd.hpp"
#include "engine/risks/logistic_chunk.hpp"

namespace spurion::engine {

namespace {

using namespace logistic_parts;

/// Memory of a pass, aligned for any vector.
class Workspace {
 public:
  explicit Workspace(std::int64_t floats)
      : data_(static_cast<float*>(std::aligned_alloc(64, bytes(floats)))) {
    if (data_ == nullptr) throw std::bad_alloc();
  }
  float* take(std::int64_t floats) {
    float* out = data_.get() + used_;
    used_ += static_cast<std::int64_t>(bytes(floats) / sizeof(float));
    return out;
  }

 private:
  static std::size_t bytes(std::int64_t floats) {
    return (static_cast<std::size_t>(floats) * sizeof(float) + 63) / 64 * 64;
  }
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };
  std::unique_ptr<float, Free> data_;
  std::int64_t used_ = 0;
};

template <int Lanes>
SPURION_INLINE double total(const typename Vector<Lanes>::Type& sums) {
  double sum = 0.0;
  for (int lane = 0; lane < Lanes; ++lane) sum += static_cast<double>(sums[lane]);
  return sum;
}

template <int Lanes, bool Curvature, bool Hessian>
SPURION_INLINE void pass(const LogisticRows& rows, const LogisticReplica* replicas,
                         std::int64_t count) {
  using V = typename Vector<Lanes>::Type;
  const std::int64_t width = rows.inputs + 1;
  const std::int64_t places = (count + 1) / 2 * 2;
  constexpr std::int64_t kSumFloats = sizeof(Sums<Lanes>) / sizeof(float);
  constexpr std::int64_t kMostRows = kMostTiles * kTileRows;
  Workspace workspace(places * (kSumFloats + width * (Lanes + 1)) + 2 * kMostRows + 4 * 16);
  auto* sums = reinterpret_cast<Sums<Lanes>*>(workspace.take(places * kSumFloats));
  float* gradients = workspace.take(places * width * Lanes);
  float* values = workspace.take(2 * kMostRows);
  float* weights = workspace.take(places * width);
  for (std::int64_t k = 0; k < places; ++k) {
    sums[k] = Sums<Lanes>{};
    sums[k].product += 1.0F;
  }
  for (std::int64_t i = 0; i < places * width * Lanes; ++i) gradients[i] = 0.0F;
  for (std::int64_t i = 0; i < 2 * kMostRows; ++i) values[i] = 0.0F;
  constexpr float kUnit = Hessian ? 1.0F : static_cast<float>(1.0 / kLogTwo);
  for (std::int64_t k = 0; k < count; ++k) {
    for (std::int64_t d = 0; d < width; ++d) {
      weights[k * width + d] = kUnit * replicas[k].weights[d];
    }
  }
  const std::int64_t all_tiles = rows.tile_count();
  const std::int64_t chunk = chunk_tiles(rows.inputs);
  for (std::int64_t first = 0; first < all_tiles; first += chunk) {
    const std::int64_t tiles = all_tiles - first < chunk ? all_tiles - first : chunk;
    const float* inputs = rows.tiles + first * kTileRows * rows.inputs;
    for (std::int64_t pair = 0; pair < count; pair += 2) {
      for (std::int64_t k = pair; k < pair + 2 && k < count; ++k) {
        float* own = values + (k - pair) * kMostRows;
        chunk_affine<Lanes>(rows, first, tiles, weights + k * width, own);
        if constexpr (Hessian) {
          chunk_bends<Lanes>(replicas[k].curvature + first * kTileRows, tiles * kTileRows, own);
        } else {
          chunk_residuals<Lanes, Curvature>(
              rows.labels + first * kTileRows, tiles * kTileRows, own,
              Curvature ? replicas[k].curvature + first * kTileRows : nullptr, sums[k]);
        }
      }
      // Where the second is missing, the values left over go to sums nobody reads.
      all_weighted_columns<Lanes>(
          {inputs, rows.inputs, tiles}, {values, values + kMostRows},
          {gradients + pair * width * Lanes, gradients + (pair + 1) * width * Lanes});
    }
  }
  // The residual of a padding row is 1/2, its loss log 2.
  const auto padding = static_cast<double>(all_tiles * kTileRows - rows.rows);
  const double share = 1.0 / static_cast<double>(rows.rows);
  for (std::int64_t k = 0; k < count; ++k) {
    for (std::int64_t d = 0; d <= rows.inputs; ++d) {
      const V& of = vector_at<Lanes>(gradients + (k * width + d) * Lanes);
      const double sum = total<Lanes>(of);
      if (d == 0) {
        const double residuals = sum - (Hessian ? 0.0 : 0.5 * padding);
        replicas[k].gradient[rows.inputs] = static_cast<float>(share * residuals);
      } else {
        replicas[k].gradient[d - 1] = static_cast<float>(share * sum);
      }
    }
    if constexpr (!Hessian) {
      double sum = total<Lanes>(sums[k].linear) - padding;
      for (int lane = 0; lane < Lanes; ++lane) {
        sum += std::log2(static_cast<double>(sums[k].product[lane])) +
               static_cast<double>(sums[k].exponent[lane]);
      }
      *replicas[k].risk = static_cast<float>(share * kLogTwo * sum);
    }
  }
}

struct Pass {
  const LogisticRows& rows;
  const LogisticReplica* replicas;
  std::int64_t count;
};

template <int Lanes>
SPURION_INLINE void risks_lanes(const Pass& over) {
  pass<Lanes, false, false>(over.rows, over.replicas, over.count);
}

template <int Lanes>
SPURION_INLINE void curved_risks_lanes(const Pass& over) {
  pass<Lanes, true, false>(over.rows, over.replicas, over.count);
}

template <int Lanes>
SPURION_INLINE void hessian_products_lanes(const Pass& over) {
  pass<Lanes, true, true>(over.rows, over.replicas, over.count);
}

SPURION_KERNEL(risks, Pass)
SPURION_KERNEL(curved_risks, Pass)
SPURION_KERNEL(hessian_products, Pass)

}  // namespace

void logistic_risks(const LogisticRows& rows, const LogisticReplica* replicas, std::int64_t count) {
  if (count > 0 && replicas->curvature != nullptr) {
    curved_risks({rows, replicas, count});
  } else {
    risks({rows, replicas, count});
  }
}

void logistic_hessian_products(const LogisticRows& rows, const LogisticReplica* replicas,
                               std::int64_t count) {
  hessian_products({rows, replicas, count});
}

}  // namespace spurion::engine
