#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/mechanism.hpp"
#include "spurion/value.hpp"

/// \file
/// The one description of an environment. The terminal, `describe --json`, the report and the heads
/// of the cards in datasets/ render it. Nothing here needs LibTorch.

namespace spurion {

/// One domain: its shift, its rows and its ceilings.
struct DomainFacts {
  std::string name;                        ///< "train_0", "test", "test_background", "shift=0.3"
  DomainKind kind = DomainKind::point;     ///< what it is for
  double shift = 0.0;                      ///< value of the shift
  std::vector<double> shifts;              ///< of every cue; `shift` alone where there is one cue
  std::optional<std::int64_t> train_rows;  ///< empty: no limit
  std::optional<std::int64_t> test_rows;   ///< empty: no limit
  Ceilings ceilings;                       ///< NaN where nobody knows the value
};

/// Rows of data above their counterfactual twins, as one picture.
struct PictureFacts {
  std::string png;                 ///< base64
  std::int64_t width = 0;          ///< pixels
  std::int64_t height = 0;         ///< pixels
  std::vector<std::string> lines;  ///< what each line of the picture shows
};

/// What a person must know of an environment to read its numbers. Of one instance: other options,
/// and where `depends_on_seed` other seeds, have other numbers.
struct EnvironmentFacts {
  std::string name;                       ///< as it is registered
  Value options = Value::Table{};         ///< all fields, defaults included
  std::int64_t base_seed = 0;             ///< of the suite
  std::int64_t seed = 0;                  ///< of the trial
  bool depends_on_seed = false;           ///< whether another seed has other numbers
  std::string title;                      ///< for the head of a page
  std::string citation;                   ///< the paper that it is from
  std::string mechanism;                  ///< formulas, one a line
  std::string deviations;                 ///< where it differs from the source; empty if nowhere
  Task task = Task::binary;               ///< what the label is
  Score score = Score::accuracy;          ///< how predictions are scored
  std::int64_t outputs = 1;               ///< of a model
  std::int64_t groups = 0;                ///< 0: no groups
  std::vector<std::int64_t> input_shape;  ///< of one row
  std::string cue;                        ///< name of the spurious variable in the graph
  std::string causal;                     ///< name of the causal variable in the graph
  CausalGraph graph;                      ///< causes and effects
  ShiftAxis shift_axis;                   ///< without `points` and the interventions of `mixture`
  bool affine_shift = false;  ///< whether a fixed predictor's score is affine in the shift
  std::vector<Cue> cues;      ///< where there are several; else empty
  std::vector<std::string> interventions;  ///< "do(colour := other)"
  std::vector<RowCounts> row_counts;       ///< of recorded rows; else empty
  std::vector<std::string> class_names;    ///< empty where classes are numbers
  std::vector<std::string> group_names;    ///< may be empty
  std::vector<std::string> row_notes;      ///< what to know of recorded rows, one fact a line
  std::vector<double> train_shifts;        ///< of every train domain
  std::optional<double> test_shift;        ///< of the test domain
  /// Train domains, of which some may be left out, the test domain, and "test_CUE" where there are
  /// several cues.
  std::vector<DomainFacts> domains;
  std::vector<DomainFacts> shift_points;  ///< where shift curves are drawn
  std::optional<PictureFacts> pictures;   ///< where rows are pictures

  /// The form that a store keeps.
  [[nodiscard]] SPURION_API Value to_value() const;
  /// Reads that form; what is missing keeps its default, and so does everything of a value that is
  /// no table. Throws `LogicError` for an entry of a wrong type.
  SPURION_API static EnvironmentFacts from_value(const Value& value);
};

}  // namespace spurion
