#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/measurement_names.hpp"
#include "harness/measure/evaluator.hpp"
#include "nouns/default_twin.hpp"

namespace spurion::harness {

namespace {

/// Which of the phases before `phase` are measured after it, in order.
std::vector<std::int64_t> past_phases(std::int64_t phase, std::int64_t most) {
  std::vector<std::int64_t> past;
  if (most == 0 || most >= phase) {
    for (std::int64_t other = 0; other < phase; ++other) past.push_back(other);
    return past;
  }
  for (std::int64_t i = 0; i < most; ++i) {  // the oldest first
    const double share =
        most == 1 ? 0.0 : static_cast<double>(most - 1 - i) / static_cast<double>(most - 1);
    const auto age = std::llround(std::exp(share * std::log(static_cast<double>(phase))));
    if (past.empty() || past.back() != phase - age) past.push_back(phase - age);
  }
  return past;
}

}  // namespace

void PackEvaluator::measure_phases(ReplicaTrainer& trainer, std::int64_t phase) {
  const auto count = static_cast<std::int64_t>(schedule_.size());
  if (count == 0) return;
  // After the last all of them, whatever was left out before: what the stream did in the end.
  const std::int64_t most =
      phase + 1 < count ? schedule_[static_cast<std::size_t>(phase)].max_past_phases_evaluated : 0;
  std::vector<std::int64_t> measured_now = past_phases(std::min(phase, count), most);
  // Before anything was learned from the stream, all of it: what training on it changes.
  const std::int64_t last = phase == 0 ? count : std::min(count, phase + 2);
  for (std::int64_t other = phase; other < last; ++other) measured_now.push_back(other);
  for (const std::int64_t other : measured_now) {
    const Phase& measured = schedule_[static_cast<std::size_t>(other)];
    // A twin is made of the row as it was, so beside a phase's own intervention it is no twin.
    const bool plain = measured.intervention.kind == Intervention::Kind::none;
    Values values = score(trainer, {measured.domain, Split::test, held_out_rows(measured.domain)},
                          {measured.intervention, plain ? twin_ : Intervention::none()});
    // Before a phase and after it: what training on it did.
    if (other >= phase) measure_cue_contribution(trainer, measured, values);
    store(trainer, phase, measured.domain, values);
  }
  if (phase < count) measure_cues(trainer, phase);
}

void PackEvaluator::measure_cue_contribution(ReplicaTrainer& trainer, const Phase& measured,
                                             Values& values) {
  const bool accuracy = info_->score() == Score::accuracy;
  const std::string& name = core::stored_name(core::score_metric(accuracy));
  const Tensor own = values.at(name);
  // Uninformative cues may be absent in this phase. Resampling would make them appear.
  std::vector<std::string> informative;
  for (std::size_t c = 0; c < info_->cues.size(); ++c) {
    if (measured.domain.cue_shifts[c] != info_->cues[c].neutral) {
      informative.push_back(info_->cues[c].name);
    }
  }
  const bool none_informative = !info_->cues.empty() && informative.empty();
  Tensor randomised = own;  // if no cue is informative
  if (!none_informative) {
    const Intervention randomise =
        Intervention::resample_each(info_->cues.empty() ? info_->every_cue() : informative);
    if (!context_->environments.front()->supports(randomise)) return;
    randomised =
        score(trainer, {measured.domain, Split::test, held_out_rows(measured.domain)}, {randomise})
            .at(name);
  }
  values[core::stored_name(core::with_cues_randomised(core::score_metric(accuracy)))] = randomised;
  values[core::stored_name(core::MetricId::cue_contribution)] =
      accuracy ? own - randomised : randomised - own;
}

std::vector<PackEvaluator::CueRows> PackEvaluator::cue_rows() const {
  const Environment& world = *context_->environments.front();
  std::vector<std::string> cues;
  std::vector<double> neutral;
  for (const Cue& cue : info_->cues) {
    cues.push_back(cue.name);
    neutral.push_back(cue.neutral);
  }
  if (cues.empty()) cues.push_back(info_->cue);
  // The same rows in every phase, with the other cues uninformative. So only the model changes
  // from phase to phase.
  const Domain domain =
      info_->cues.empty() ? world.train_domains().front() : world.at_cues(neutral);
  std::vector<CueRows> each;
  for (const std::string& cue : cues) {
    // Shown on both sides, where that can be had.
    CueRows rows{core::stored_domain({core::MeasuredIn::cue, cue}), domain,
                 Intervention::align(cue), Intervention::oppose(cue)};
    if (!world.supports(rows.first) || !world.supports(rows.twin)) {
      rows.first = Intervention::none();
      rows.twin = nouns::default_twin(world, cue);
    }
    if (rows.twin.kind != Intervention::Kind::none) each.push_back(std::move(rows));
  }
  return each;
}

void PackEvaluator::measure_cues(ReplicaTrainer& trainer, std::int64_t phase) {
  for (const CueRows& rows : cue_rows()) {
    const Values values = score(trainer, {rows.domain, Split::test, held_out_rows(rows.domain)},
                                {rows.first, rows.twin});
    Domain domain = rows.domain;
    domain.name = rows.name;
    for (const core::MetricId id :
         {core::MetricId::flip_rate, core::MetricId::counterfactual_rms_change}) {
      const std::string& name = core::stored_name(id);
      const auto found = values.find(name);
      if (found != values.end()) keep(trainer, phase, domain, name, found->second);
    }
  }
}

std::vector<Measurement> PackEvaluator::target_variances(const Environment& environment,
                                                         const std::vector<Phase>& schedule) const {
  std::vector<Measurement> rows;
  if (info_->task != Task::regression) return rows;
  const auto add = [&](const std::string& name, const Domain& domain, const Intervention& how) {
    const Tensor y = environment.sample(domain, Split::test, {0, held_out_rows(domain)}, how).y;
    rows.push_back({0, 0, name, domain.shift, core::stored_name(core::MetricId::target_variance),
                    y.to(at::kDouble).var(/*unbiased=*/false).item<double>()});
  };
  for (const Phase& phase : schedule) add(phase.domain.name, phase.domain, phase.intervention);
  for (const CueRows& cue : cue_rows()) {
    add(cue.name, scorer_.own(environment, cue.domain), cue.first);
  }
  return rows;
}

std::vector<Measurement> PackEvaluator::cue_shifts(const std::vector<Phase>& schedule) const {
  std::vector<Measurement> rows;
  for (const Phase& phase : schedule) {
    const auto add = [&](const std::string& metric, double value) {
      rows.push_back({0, 0, phase.domain.name, phase.domain.shift, metric, value});
    };
    if (phase.domain.control_shift) {
      add(core::stored_name(core::MetricId::control_shift_level),
          phase.domain.control_shift->level);
    }
    if (info_->cues.empty()) {
      // Where the cue is resampled it has no shift.
      if (phase.intervention.kind == Intervention::Kind::none) {
        add(core::stored_name(core::MetricId::shift, info_->cue), phase.domain.shift);
      }
      continue;
    }
    for (std::size_t c = 0; c < info_->cues.size(); ++c) {
      const Cue& cue = info_->cues[c];
      add(core::stored_name(core::MetricId::shift, cue.name), phase.domain.cue_shifts[c]);
      add(core::stored_name(core::MetricId::cue_strength, cue.name),
          phase.domain.cue_shifts[c] - cue.neutral);
      double furthest = 0.0;
      for (const Domain& domain : phase.trained_on) {
        const double offset = domain.cue_shifts[c] - cue.neutral;
        if (std::abs(offset) > std::abs(furthest)) furthest = offset;
      }
      if (!phase.trained_on.empty()) {
        add(core::stored_name(core::MetricId::trained_cue_strength, cue.name), furthest);
      }
    }
  }
  return rows;
}

void PackEvaluator::visit_state(StateVisitor& visit) {
  visit("measured_at", measured_at_);
  if (options_.counted != nullptr) {
    CountingModel::Counted pending = options_.counted->take();
    visit("pending_flops", pending.flops);
    visit("pending_rows", pending.rows);
    options_.counted->give(pending);
  }
  for (std::size_t k = 0; k < measurements_.size(); ++k) {
    StateVisitor one = visit.inside(std::to_string(k));
    std::vector<std::int64_t> whole;
    std::vector<double> real;
    std::string names;
    for (const Measurement& row : measurements_[k]) {
      whole.insert(whole.end(), {row.phase, row.step});
      real.insert(real.end(), {row.shift, row.value});
      names += row.domain + '\n' + row.metric + '\n';
    }
    one("whole", whole);
    one("real", real);
    one("names", names);
    Cost& cost = costs_[k];
    one("flops", cost.flops);
    one("steps", cost.steps);
    one("rows_seen", cost.rows_seen);
    one("labels_used", cost.labels_used);
    one("ended", ended_[k]);
    if (!visit.loading()) continue;
    measurements_[k].clear();
    std::size_t at = 0;
    const auto line = [&] {
      const std::size_t end = names.find('\n', at);
      std::string text = names.substr(at, end - at);
      at = end + 1;
      return text;
    };
    for (std::size_t i = 0; i < whole.size() / 2; ++i) {
      Measurement row;
      row.phase = whole[2 * i];
      row.step = whole[2 * i + 1];
      row.domain = line();
      row.shift = real[2 * i];
      row.metric = line();
      row.value = real[2 * i + 1];
      measurements_[k].push_back(std::move(row));
    }
  }
}

}  // namespace spurion::harness
