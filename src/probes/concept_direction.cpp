#include <ATen/ATen.h>

#include "probes/shared/cells.hpp"
#include "probes/shared/layer_option.hpp"
#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

/// Direction of a concept, and the effect of projecting it out. In a hidden layer h the direction u
/// of a cue is the mean over labels of the difference, within a label, between the mean of rows
/// with the cue and that of rows without (difference of means, Marks & Tegmark 2023; within labels,
/// since most rows agree with the cue). With the mean h_0 of the layer over rows and v = u u' (h -
/// h_0),
///
///     e_cue  = d(p, p where the model goes on with h - v),
///     e_rest = d(p, p where the model goes on with h_0 + v),
///     reliance = e_cue / (e_cue + e_rest),
///
/// where p are the predicted probabilities and d is their total variation distance. A cue of V
/// values has V - 1 directions, made orthonormal. Rows tell nothing where no label has both kinds.
class ConceptDirection final : public SharesProbe<ProxyRows, ProxyLabels, CueLabels, Activations> {
 public:
  using Options = LayerOption;
  static const Schema<Options>& schema() { return LayerOption::schema(); }
  ConceptDirection(Options options, const ProbeContext& /*context*/)
      : options_(std::move(options)) {}

  [[nodiscard]] double passes() const override { return 4.0; }
  void check(const Model& model) const override { options_.check(model); }

 private:
  [[nodiscard]] std::vector<RowShares> shares(const ProxyRows& rows, const ProxyLabels& labels,
                                              const CueLabels& cues,
                                              const Activations& layers) const override {
    const Task task = layers.task();
    const Tensor& x = rows.x();
    const std::string layer = options_.of(layers.layers());
    const auto predicted = [&](const Activations::Edit& edit) {
      return probabilities(task, layers.logits_with(layer, x, edit));
    };
    const Tensor held = layers.at(layer, x);
    const Tensor middle = mean_row(held);
    const Tensor whole = predicted([](const Tensor& values) { return values; });
    std::vector<RowShares> all;
    for (std::int64_t q = 0; q < cues.cues(); ++q) {
      const std::vector<Cells> cells = cells_of(labels.y(), cues, q);
      const Tensor own = along(held - middle, cue_directions(held, cells));
      const Tensor without = predicted([&](const Tensor& values) { return values - own; });
      const Tensor alone = predicted([&](const Tensor& /*values*/) { return middle + own; });
      all.push_back({share(distance(task, whole, without), distance(task, whole, alone)),
                     found_direction(cells)});
    }
    return all;
  }

  Options options_;
};

}  // namespace

void register_concept_direction(Catalog& catalog);
void register_concept_direction(Catalog& catalog) {
  catalog.probes.add<ConceptDirection>(
      "concept_direction", "Effect of projecting the direction of the cue out of a hidden layer.",
      "Kim et al. 2018, arXiv:1711.11279; Marks & Tegmark 2023, arXiv:2310.06824");
}

}  // namespace spurion::probes
