#include <ATen/ATen.h>

#include "probes/shared/cells.hpp"
#include "probes/shared/layer_option.hpp"
#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

/// Activation patching between rows (Vig et al. 2020; in a subspace as Geiger et al. 2023): a row i
/// is run while a part of one hidden layer is taken from another row. With the projection P on the
/// directions of the cue of `concept_direction`, a row j of the same label and another value of the
/// cue, and a row l of another label and the same value,
///
///     e_cue  = d(p_i, p where row i goes on with h_i + P (h_j - h_i)),
///     e_rest = d(p_i, p where row i goes on with h_l + P (h_i - h_l)),
///     reliance = e_cue / (e_cue + e_rest),
///
/// where p are the predicted probabilities and d is their total variation distance. Rows j and l
/// are the next ones of their kind after i; a row that lacks one of them tells nothing. All are
/// proxy rows: nobody intervenes on the world.
class ActivationPatching final
    : public SharesProbe<ProxyRows, ProxyLabels, CueLabels, Activations> {
 public:
  using Options = LayerOption;
  static const Schema<Options>& schema() { return LayerOption::schema(); }
  ActivationPatching(Options options, const ProbeContext& /*context*/)
      : options_(std::move(options)) {}

  [[nodiscard]] double passes() const override { return 4.0; }
  void check(const Model& model) const override { options_.check(model); }

 private:
  /// The row that each row is patched from, int64 [K or 1, B]; -1: none.
  static Tensor partners_of(const std::vector<Cells>& cells, Cells::Differs how) {
    std::vector<Tensor> each;
    for (const Cells& one : cells) each.push_back(at::tensor(one.partners(how), at::kLong));
    return at::stack(each);
  }
  /// Those rows of a layer [K, B, F].
  static Tensor taken(const Tensor& held, const Tensor& partners) {
    const Tensor index =
        partners.clamp_min(0).to(held.device()).unsqueeze(2).expand(held.sizes()).contiguous();
    return held.gather(1, index);
  }

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
    const Tensor whole = predicted([](const Tensor& values) { return values; });
    std::vector<RowShares> all;
    for (std::int64_t q = 0; q < cues.cues(); ++q) {
      const std::vector<Cells> cells = cells_of(labels.y(), cues, q);
      const Tensor other_cue = partners_of(cells, Cells::Differs::in_cue);
      const Tensor other_label = partners_of(cells, Cells::Differs::in_label);
      const std::vector<Tensor> directions = cue_directions(held, cells);
      const Tensor moved = along(taken(held, other_cue) - held, directions);
      const Tensor patched = predicted([&](const Tensor& values) { return values + moved; });
      const Tensor source = taken(held, other_label);
      const Tensor kept = along(held - source, directions);
      const Tensor rest = predicted([&](const Tensor& /*values*/) { return source + kept; });
      all.push_back({share(distance(task, whole, patched), distance(task, whole, rest)),
                     other_cue.ge(0).logical_and(other_label.ge(0)).to(at::kFloat)});
    }
    return all;
  }

  Options options_;
};

}  // namespace

void register_activation_patching(Catalog& catalog);
void register_activation_patching(Catalog& catalog) {
  catalog.probes.add<ActivationPatching>(
      "activation_patching", "Effect of patching the cue of another row into a hidden layer.",
      "Vig et al. 2020, arXiv:2004.12265; Geiger et al. 2023, arXiv:2303.02536");
}

}  // namespace spurion::probes
