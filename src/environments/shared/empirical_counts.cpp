#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "environments/shared/empirical_world.hpp"
#include "facts/splits.hpp"

namespace spurion::environments {

std::string EmpiricalWorld::class_name(std::int64_t label) const {
  return rows_.class_names.empty() ? fmt::format("{}", label)
                                   : rows_.class_names[static_cast<std::size_t>(label)];
}

std::string EmpiricalWorld::classes_text() const {
  constexpr std::size_t kMostShown = 20;
  const auto& names = rows_.class_names;
  if (names.empty()) return fmt::format("classes 0 to {}", rows_.classes - 1);
  const auto shown = static_cast<std::ptrdiff_t>(std::min(names.size(), kMostShown));
  return fmt::format("classes 0 to {}, numbered anew; the data call them {}{}", rows_.classes - 1,
                     fmt::join(names.begin(), names.begin() + shown, ", "),
                     names.size() > kMostShown ? " ..." : "");
}

void EmpiricalWorld::describe() {
  for (std::size_t d = 0; d < train_.size(); ++d) {
    double against = 0.0;
    double all = 0.0;
    for (const Indices& indices : train_[d]) {
      for (const std::int64_t row : indices) {
        against += agreement_shift_ && !agrees(row) ? 1.0 : 0.0;
        all += 1.0;
      }
    }
    train_domains_.push_back(Domain::train(d, against / all));
  }
  const auto levels_text = [](const std::vector<double>& column,
                              const std::vector<double>& levels) {
    if (column.empty()) return std::string("not recorded");
    if (levels.empty()) return std::string("recorded, continuous");
    return fmt::format("recorded, values {}", fmt::join(levels, ", "));
  };
  info_.task = regression()         ? Task::regression
               : rows_.classes == 2 ? Task::binary
                                    : Task::multiclass;
  info_.outputs = rows_.classes > 2 ? rows_.classes : 1;
  info_.groups = rows_.classes * static_cast<std::int64_t>(rows_.cue_levels.size());
  info_.input_shape = rows_.x.sizes().slice(1).vec();
  info_.graph = {{{info_.causal, Role::causal, levels_text(rows_.causal, rows_.causal_levels)},
                  {"label", Role::label, regression() ? "a number" : classes_text()},
                  {info_.cue, Role::spurious, levels_text(rows_.spurious, rows_.cue_levels)},
                  {"input", Role::observed, "the input of the model"}},
                 {{info_.causal, "label"},
                  {"label", info_.cue},
                  {info_.causal, "input"},
                  {info_.cue, "input"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc =
      agreement_shift_ ? fmt::format(
                             "P({} disagrees with the label); rows of all domains are "
                             "drawn again, with replacement",
                             info_.cue)
                       : "share of rows that come from the test domain; rows are drawn again, "
                         "with replacement";
  for (int tenth = 0; tenth <= 10; ++tenth) info_.shift_axis.points.push_back(tenth / 10.0);
}

RowCounts EmpiricalWorld::counts_of(const std::vector<const Pool*>& pools, Split split) const {
  RowCounts counts;
  counts.split = split;
  counts.classes.resize(static_cast<std::size_t>(rows_.classes), 0);
  counts.groups.resize(static_cast<std::size_t>(info_.groups), 0);
  for (const Pool* pool : pools) {
    for (const std::int64_t row : (*pool)[static_cast<std::size_t>(split)]) {
      const auto at = static_cast<std::size_t>(row);
      ++counts.rows;
      if (!regression()) ++counts.classes[static_cast<std::size_t>(rows_.label[at])];
      if (info_.groups > 0)
        ++counts.groups[static_cast<std::size_t>(group_of(at, rows_.spurious[at]))];
    }
  }
  return counts;
}

void EmpiricalWorld::count_rows() {
  std::vector<const Pool*> train;
  for (const Pool& pool : train_) train.push_back(&pool);
  for (const Split split : facts::kSplits) {
    info_.row_counts.push_back(counts_of(train, split));
  }
  // A test domain that is drawn has the rows of the others.
  if (!test_is_drawn_) {
    info_.row_counts.push_back(counts_of({&test_}, Split::test));
    info_.row_counts.back().test_domain = true;
  }
  info_.class_names = rows_.class_names;
  for (std::int64_t label = 0; info_.groups > 0 && label < rows_.classes; ++label) {
    for (const double cue : rows_.cue_levels) {
      info_.group_names.push_back(
          fmt::format("class {}, {} {}", class_name(label), info_.cue, cue));
    }
  }
}

}  // namespace spurion::environments
