#pragma once

#include <optional>
#include <string>

#include "methods/shared/domain_penalty.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/phase_memories.hpp"
#include "spurion/access.hpp"
#include "spurion/method.hpp"
#include "spurion/schema.hpp"

namespace spurion::methods {

/// What every method for streams minimises on the newest rows: their mean risk, if wanted with a
/// penalty of the offline methods (domain_penalty.hpp). Its domains are those of the batch: in
/// phase 0 the train domains, later slots that are alike; or the phases, the present and past ones,
/// of which rows are then kept.
struct BaseRiskOptions : L2Option {
  std::string penalty = "none";
  PerReplica<double> penalty_weight = 1.0;
  std::string penalty_over = "batch";
  PerReplica<double> penalty_step = 0.01;
  std::int64_t penalty_memory = 200;
  std::int64_t penalty_replayed = 64;
  std::int64_t penalty_phases = 8;

  static const Schema<BaseRiskOptions>& schema() {
    using O = BaseRiskOptions;
    static const auto schema =
        Schema<O>()
            .field("penalty", &O::penalty,
                   "Penalty over domains: none, irm_v1 (squared gradient of a dummy scale), v_rex "
                   "(variance of the risks) or group_dro (weighted risk minus mean risk).",
                   one_of({"none", "irm_v1", "v_rex", "group_dro"}))
            .field("penalty_weight", &O::penalty_weight, "Multiplier of that penalty.", at_least(0),
                   log_uniform(1e-1, 1e4))
            .field("penalty_over", &O::penalty_over,
                   "Domains of the penalty: batch (the domains of the minibatch) or phases (the "
                   "present and past phases).",
                   one_of({"batch", "phases"}))
            .field("penalty_step", &O::penalty_step,
                   "Step size of the ascent on the weights of group DRO.", at_least(0),
                   log_uniform(1e-3, 1e-1))
            .field("penalty_memory", &O::penalty_memory,
                   "Rows to keep of each phase for a penalty over phases.", between(1, 10000000))
            .field("penalty_replayed", &O::penalty_replayed,
                   "Rows of each past phase in an update.", between(1, 1000000))
            .field("penalty_phases", &O::penalty_phases,
                   "Number of past phases to keep; the newest are kept.", between(1, 1000))
            .include(L2Option::schema());
    return schema;
  }
};

class BaseRisk {
 public:
  BaseRisk(const BaseRiskOptions& options, const MethodContext& context);

  [[nodiscard]] Access needs() const;
  /// To be told of every phase, and asked once for every batch: it remembers both.
  void begin_phase(std::int64_t phase);
  /// [K]: the mean risk of the batch and what is added to it.
  [[nodiscard]] Tensor operator()(const Output& output, const Batch& batch,
                                  ReplicaTrainer& trainer);
  /// [K]: what is added to the mean risk of the batch, for methods that weigh that risk themselves.
  /// One of the two is asked once for every batch.
  [[nodiscard]] Tensor added(const Output& output, const Batch& batch, ReplicaTrainer& trainer);
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const;
  void visit_state(StateVisitor& visit);

 private:
  /// [K]: over the domains of the batch, or the phases.
  [[nodiscard]] Tensor penalty(const Output& output, const Batch& batch, ReplicaTrainer& trainer);

  Tensor weight_;
  Tensor l2_;
  std::int64_t replayed_;
  std::optional<DomainPenalty> penalty_;
  std::optional<PhaseMemories> phases_;
};

}  // namespace spurion::methods
