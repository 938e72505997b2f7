#include <ATen/ATen.h>

#include "probes/shared/cells.hpp"
#include "probes/shared/shares.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"

namespace spurion::probes {
namespace {

/// Logit lens (nostalgebraist 2020): what the last layer reads out of what the model holds before
/// its end. Rows whose label y is not what their cue indicates tell whose side a stage is on: with
/// the class c that most rows with this cue have,
///
///     reliance = mean over stages of max(0, p_stage(c) - p_stage(y)).
///
/// Stages are the residual stream of a transformer at the last position, before each block and
/// after the embedding, or the state of a recurrent network after each token but the last. The
/// number of a model is the mean over rows whose cue and label disagree. For sequences the lens
/// shows when a model turns to the cue; a model that decides at its end alone shows it little.
class LogitLens final : public ProbeOf<ProxyRows, ProxyLabels, CueLabels, StageReadings> {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  LogitLens(const Options& /*options*/, const ProbeContext& /*context*/) {}

  [[nodiscard]] double passes() const override { return 1.5; }

 private:
  /// Probabilities of both classes, from those of class 1 alone.
  static Tensor of_each_class(Task task, const Tensor& p) {
    return task == Task::binary ? at::cat({1.0 - p, p}, 2) : p;
  }
  [[nodiscard]] Reliance look(const ProxyRows& rows, const ProxyLabels& labels,
                              const CueLabels& cues, const StageReadings& stages) const override {
    const Task task = stages.task();
    const std::vector<Tensor> each = stages.logits(rows.x()).unbind(1);
    std::vector<RowShares> all;
    for (std::int64_t q = 0; q < cues.cues(); ++q) {
      const std::vector<Cells> cells = cells_of(labels.y(), cues, q);
      const auto of_rows = [&](const auto& value) {
        std::vector<Tensor> replicas;
        for (const Cells& one : cells) {
          std::vector<std::int64_t> values;
          for (std::int64_t row = 0; row < one.rows(); ++row) values.push_back(value(one, row));
          replicas.push_back(at::tensor(values, at::kLong));
        }
        return at::stack(replicas).to(rows.x().device());  // [K or 1, B]
      };
      const Tensor indicated =
          of_rows([](const Cells& one, std::int64_t row) { return one.indicated(one.cue(row)); });
      const Tensor conflict = of_rows([](const Cells& one, std::int64_t row) {
        return static_cast<std::int64_t>(one.conflict(row));
      });
      Tensor sum;
      for (const Tensor& logits : each) {
        const Tensor p = of_each_class(task, probabilities(task, logits.contiguous()));
        const auto of_class = [&](const Tensor& number) {
          return p.gather(2, number.expand({p.size(0), p.size(1)}).unsqueeze(2)).squeeze(2);
        };
        const Tensor turned = (of_class(indicated) - of_class(labels.y())).clamp_min(0.0);
        sum = sum.defined() ? sum + turned : turned;
      }
      all.push_back({sum / static_cast<double>(each.size()), conflict.to(at::kFloat)});
    }
    return reliance_of(all);
  }
};

}  // namespace

void register_logit_lens(Catalog& catalog);
void register_logit_lens(Catalog& catalog) {
  catalog.probes.add<LogitLens>(
      "logit_lens", "How far the stages of a sequence model side with the cue against the label.",
      "nostalgebraist 2020, interpreting GPT: the logit lens");
}

}  // namespace spurion::probes
