#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "core/measurement_names.hpp"
#include "core/work_clock.hpp"
#include "regimes/shared/online_stream.hpp"
#include "regimes/shared/trajectory_regime.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct OnlineActiveOptions : OnlineStreamOptions {
  double label_share = 0.25;
  double intervention_share = 0.0;
  std::string selection = "uncertain";
  double intervention_price = 1.0;
};

/// As `online`, but labels are asked for, of a `label_share` of each batch, and so are
/// interventions: rows asked for are shown again with every cue resampled, which says what the cue
/// is worth. `uncertain` asks about the rows the model is least sure of (Lewis & Gale 1994),
/// `random` about any. Recorded with each window as "spent" in domain "stream": labels so far, an
/// intervention counting as `intervention_price` labels.
class OnlineActive final : public TrajectoryRegime<OnlineActiveOptions> {
 public:
  using TrajectoryRegime::TrajectoryRegime;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(OnlineStreamOptions::schema())
            .field("label_share", &Options::label_share,
                   "Share of rows for which the learner queries the label.",
                   Bounds{0.0, 1.0, true, false, {}})
            .field(
                "intervention_share", &Options::intervention_share,
                "Share of rows for which the learner queries an intervention: the row with every "
                "cue resampled, and its label.",
                between(0, 1))
            .field("selection", &Options::selection,
                   "How the rows to query are selected. (Regression has no margin: use random.)",
                   one_of({"uncertain", "random"}))
            .field("intervention_price", &Options::intervention_price,
                   "Price of one intervention, in labels.", at_least(0));
    return schema;
  }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    TrajectoryRegime::check(environment, training);
    require_rows(options_, training, environment);
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    Active body(run, options_);
    run_online(run, options_, body);
  }

 private:
  [[nodiscard]] const char* resampling() const override {
    return options_.intervention_share > 0.0 ? "intervention_share" : nullptr;
  }

  class Active final : public OnlineStream {
   public:
    Active(Run& run, const Options& options) : OnlineStream(run, options), options_(&options) {}

    void learn(const Batch& batch, const Tensor& logits, const Tensor& /*choice*/,
               const Place& place) override {
      const auto share = [&](double wanted) {
        return std::llround(wanted * static_cast<double>(batch.rows_per_domain));
      };
      const std::int64_t labels = std::max<std::int64_t>(1, share(options_->label_share));
      const std::int64_t interventions = share(options_->intervention_share);
      // One ranking for both: an intervention is asked for where a label is most wanted.
      const Tensor order = ranked(batch, logits, place);
      Batch asked = select_rows(batch, order.narrow(2, 0, labels));
      if (interventions > 0) {
        append(asked, select_rows(twins_->batch(place.first, batch.rows_per_domain),
                                  order.narrow(2, 0, interventions)));
      }
      // The label of a row and of its twin is one label.
      update(asked, batch.domains * std::max(labels, interventions));
      spent_ += static_cast<double>(batch.domains) *
                (static_cast<double>(labels) +
                 options_->intervention_price * static_cast<double>(interventions));
    }

    void close_window(std::int64_t phase) override {
      Domain stream;
      stream.name = core::stored_domain(core::MeasuredIn::stream);
      run_->evaluator.record(run_->trainer, phase, stream, core::stored_name(core::MetricId::spent),
                             at::full({run_->trainer.replicas()}, spent_, at::kDouble));
    }

    void open(const SlotFunction& slots, std::int64_t rows) override {
      if (options_->intervention_share == 0.0) return;
      twins_ = std::make_unique<StreamSource>(run_->context, with_resampled_cues(slots), rows);
    }

    void visit_state(StateVisitor& visit) override {
      OnlineStream::visit_state(visit);
      visit("spent", spent_);
    }

   private:
    /// Rows of each slot, those to ask about first: int64 [K, E, B].
    [[nodiscard]] Tensor ranked(const Batch& batch, const Tensor& logits,
                                const Place& place) const {
      const core::ActivityScope scope(core::Activity::data);
      const std::int64_t replicas = logits.size(0);
      const Shape shape = {replicas, batch.domains, batch.rows_per_domain};
      const bool sure_known = options_->selection == "uncertain" && batch.task != Task::regression;
      if (!sure_known) {
        Tensor noise = at::empty(shape, at::kDouble);
        for (std::int64_t k = 0; k < replicas; ++k) {
          const RandomStream stream(
              run_->context.order_keys[static_cast<std::size_t>(k)].child("active").child(
                  static_cast<std::uint64_t>(place.phase)));
          for (std::int64_t i = 0; i < batch.domains; ++i) {
            for (std::int64_t j = 0; j < batch.rows_per_domain; ++j) {
              noise.data_ptr<double>()[(k * batch.domains + i) * batch.rows_per_domain + j] =
                  stream.uniform(place.first + j, i);
            }
          }
        }
        return std::get<1>(noise.sort(true, 2, false));
      }
      Tensor margin;
      if (batch.task == Task::binary) {
        margin = logits.squeeze(-1).abs();
      } else {
        const Tensor best = std::get<0>(logits.topk(2, -1));
        margin = best.select(-1, 0) - best.select(-1, 1);
      }
      return std::get<1>(margin.reshape(shape).sort(true, 2, false));
    }

    /// Adds the rows of `more` to each slot of `batch`.
    static void append(Batch& batch, const Batch& more) {
      const auto slots = [](const Batch& one) {
        Shape shape = one.x.sizes().vec();
        shape[1] = one.rows_per_domain;
        shape.insert(shape.begin() + 1, one.domains);
        return one.x.reshape(shape);
      };
      batch.x = at::cat({slots(batch), slots(more)}, 2).flatten(1, 2).contiguous();
      batch.y = at::cat({batch.y, more.y}, 2);
      batch.rows_per_domain += more.rows_per_domain;
    }

    const Options* options_;
    std::unique_ptr<StreamSource> twins_;
    double spent_ = 0.0;
  };
};

}  // namespace

void register_online_active(Catalog& catalog);
void register_online_active(Catalog& catalog) {
  catalog.regimes.add<OnlineActive>(
      "online_active", "Online training that queries labels and interventions at a price.",
      "Lewis & Gale 1994 (uncertainty sampling)");
}

}  // namespace spurion::regimes
