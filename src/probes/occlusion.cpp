#include <ATen/ATen.h>

#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

/// Occlusion (Zeiler & Fergus 2014), both ways round as DeYoung et al. 2020 do (comprehensiveness
/// and sufficiency): with the mean row m of the rows that are looked at,
///
///     e_cue  = d(p(x), p(x with the inputs of the cue as in m)),
///     e_rest = d(p(x), p(m with the inputs of the cue as in x)),
///     reliance = e_cue / (e_cue + e_rest),
///
/// where p are the predicted probabilities and d is their total variation distance. The number of a
/// model is the mean over rows. The papers hide patches of a picture one after the other; here it
/// is known which inputs carry the cue.
class Occlusion final : public SharesProbe<ProxyRows, Outputs, CueCarriers> {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  Occlusion(const Options& /*options*/, const ProbeContext& /*context*/) {}

  [[nodiscard]] double passes() const override { return 3.0; }

 private:
  [[nodiscard]] std::vector<RowShares> shares(const ProxyRows& rows, const Outputs& outputs,
                                              const CueCarriers& cues) const override {
    const Task task = outputs.task();
    const Tensor& x = rows.x();
    const Tensor hidden = mean_row(x);
    const auto predicted = [&](const Tensor& inputs) {
      return probabilities(task, outputs.logits(inputs));
    };
    const Tensor whole = predicted(x);
    std::vector<RowShares> all;
    for (const CueInputs& cue : cues.cues()) {
      const Tensor own = cue.part(x - hidden);
      all.push_back({share(distance(task, whole, predicted(x - own)),
                           distance(task, whole, predicted(hidden + own)))});
    }
    return all;
  }
};

}  // namespace

void register_occlusion(Catalog& catalog);
void register_occlusion(Catalog& catalog) {
  catalog.probes.add<Occlusion>(
      "occlusion", "Effect of hiding the inputs of the cue, against that of hiding the rest.",
      "Zeiler & Fergus 2014, arXiv:1311.2901; DeYoung et al. 2020, arXiv:1911.03429");
}

}  // namespace spurion::probes
