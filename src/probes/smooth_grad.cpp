#include <ATen/ATen.h>

#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

struct SmoothGradOptions {
  std::int64_t samples = 8;
  double noise = 0.15;
};

/// SmoothGrad (Smilkov et al. 2017): the gradient of `input_gradient`, averaged over noisy copies
/// of a row,
///
///     g = mean_j gradient of s at x + noise (max - min) n_j,   n_j ~ N(0, 1) in each input,
///     reliance = |g_cue| / (|g_cue| + |g_rest|),
///
/// with the largest and the least input of the rows that are looked at. The noise is the same for
/// every model. The number of a model is the mean over rows.
class SmoothGrad final : public SharesProbe<ProxyRows, InputGradients, CueCarriers> {
 public:
  using Options = SmoothGradOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("samples", &Options::samples, "Noisy copies of a row.", between(1, 1024))
            .field("noise", &Options::noise,
                   "Standard deviation of the noise as a share of the range of the inputs.",
                   between(0, 10));
    return schema;
  }
  SmoothGrad(const Options& options, const ProbeContext& /*context*/) : options_(options) {}

  [[nodiscard]] double passes() const override {
    return 3.0 * static_cast<double>(options_.samples);
  }

 private:
  /// [1, B, ...input_shape]: standard normal numbers of sample j.
  static Tensor normals(const Tensor& x, std::int64_t j) {
    Shape shape = x.sizes().vec();
    shape[0] = 1;
    Tensor noise = at::empty(shape, at::kFloat);
    const RandomStream stream(
        RandomKey(0).child("smooth_grad").child(static_cast<std::uint64_t>(j)));
    stream.fill_normal(0, shape[1], noise.numel() / shape[1], noise.data_ptr<float>());
    return noise.to(x.device());
  }

  [[nodiscard]] std::vector<RowShares> shares(const ProxyRows& rows,
                                              const InputGradients& gradients,
                                              const CueCarriers& cues) const override {
    const Tensor& x = rows.x();
    const Tensor flat = x.flatten(1);
    Shape one(static_cast<std::size_t>(x.dim()), 1);
    one[0] = x.size(0);
    const Tensor width = ((flat.amax(1) - flat.amin(1)) * options_.noise).reshape(one);
    Tensor sum;
    for (std::int64_t j = 0; j < options_.samples; ++j) {
      const Tensor gradient = confidence_gradient(gradients, x + width * normals(x, j));
      sum = sum.defined() ? sum + gradient : gradient;
    }
    return gradient_shares(sum / static_cast<double>(options_.samples), cues);
  }

  Options options_;
};

}  // namespace

void register_smooth_grad(Catalog& catalog);
void register_smooth_grad(Catalog& catalog) {
  catalog.probes.add<SmoothGrad>(
      "smooth_grad", "Share of the gradient, averaged over noisy copies, in the inputs of the cue.",
      "Smilkov et al. 2017, arXiv:1706.03825");
}

}  // namespace spurion::probes
