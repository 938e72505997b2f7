#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/plan/grid_axes.hpp"
#include "harness/plan/normaliser.hpp"
#include "harness/suite/searched_options.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

/// The search of one experiment, checked.
class SearchPlan {
 public:
  /// What is wrong with the search itself, whatever the trials, is reported.
  SearchPlan(const Experiment& experiment, const std::vector<GridAxis>& axes,
             std::int64_t base_seed, Normaliser& normaliser);

  /// Whether there is anything to draw, and nothing is wrong.
  [[nodiscard]] bool active() const { return active_; }

  /// Which fields of the search a grid point has.
  struct Field {
    std::string section;
    std::string option;  ///< or "option.key": an entry of an option that is a table
    Search search = {};
    /// One value for each configuration, as the suite lists them; null: it does not.
    const Value* listed = nullptr;
    std::int64_t levels = 0;  ///< how many values a grid gives it; 0: it is drawn

    [[nodiscard]] std::string path() const { return section + '.' + option; }
  };
  std::vector<Field> fields_of(const Catalog& catalog, const TrialSpec& base);
  /// Lays configuration `draw` over the searched fields: the value listed for it, that of its place
  /// in the grid, or a draw. A draw is a pure function of base seed, `draw` and field. So another
  /// method or field changes no other draw, and all methods and seeds meet the same draws of a
  /// shared field.
  void apply(const std::vector<Field>& fields, std::int64_t draw, Value& sections) const;

  /// Which sections get a number that no other configuration gives them.
  static Normaliser::Flags unique_sections(const std::vector<Field>& fields);

  /// Reports the fields that no grid point had; to be called after all of them.
  void report_unused() const;

 private:
  /// Says how many values a grid gives each field; reports where there is no such grid.
  void lay_out_grid(const TrialSpec& base, std::vector<Field>& fields);
  /// Ranges and listed values must be those of fields that are searched.
  void check_ranges(const Experiment& experiment);
  /// An option or entry of a grid point, if the search names it; reports one that nothing says how
  /// to draw. `search`: the distribution of its schema.
  std::optional<Field> field_at(const std::string& section, const std::string& component,
                                const std::string& option, const Search& search);
  /// An option of this path or, of one that is a table, the entries that the search names: as
  /// `Field::option`.
  [[nodiscard]] std::vector<std::string> options_at(const std::string& section,
                                                    const FieldInfo& info) const;
  /// Where the suite names a field: "suite.toml:3:4: ".
  [[nodiscard]] std::string place(std::size_t number) const;

  const Experiment& experiment_;
  std::int64_t base_seed_;
  Normaliser& normaliser_;
  bool active_ = false;
  SearchedOptions options_;
  std::vector<bool> used_;
  std::set<std::string> there_are_;  ///< fields that grid points have
};

}  // namespace spurion::harness
