#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "catalog/section_numbers.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/catalog.hpp"

namespace spurion::harness {

/// A section of a trial, checked and with all its options.
struct NormalSection {
  std::string name;  ///< of a component
  Value options;
  std::string text;  ///< what the canonical form of a trial holds of it
};

/// Turns the raw sections of one grid point into checked, normalised trials. Sections that were
/// met before are not read again: their trials share them.
class Normaliser {
 public:
  Normaliser(const Catalog& catalog, Problems& problems);

  [[nodiscard]] const Catalog& catalog() const { return catalog_; }
  [[nodiscard]] Problems& problems() { return problems_; }

  /// The sections of one grid point; null where one was wrong, which is reported. `once`: sections
  /// that do not come again, which are not remembered.
  using Sections = std::array<std::shared_ptr<const NormalSection>, 7>;
  using Flags = std::array<bool, 7>;
  bool read(const Value& sections, const std::string& experiment, Sections& out,
            const Flags& once = {});

  /// Refuses a method that needs to see more than the regime grants, and says which regimes do.
  /// `written`: the sections as the suite has them.
  void check_access(const TrialSpec& spec, const Value& written);

  /// Adds a problem, once however often it comes.
  void report(const std::string& problem);

 private:
  std::shared_ptr<const NormalSection> section(const Value& sections, std::size_t index,
                                               const std::string& experiment, bool once);
  /// Checked and completed, from what was written.
  std::shared_ptr<const NormalSection> read_section(const Value* given, std::size_t index,
                                                    const std::string& experiment);
  std::shared_ptr<const NormalSection> read_component(const Value* given, std::size_t index,
                                                      const std::string& experiment);
  /// Checks the probes of an evaluation and fills in their options.
  void complete_probes(Value& evaluation, Problems& problems) const;
  std::shared_ptr<const NormalSection> read_plain(const Value* given, std::size_t index);
  /// With those that were read last: draws of a search differ in a number or two.
  void share_parts(Value& options, std::size_t index) const;
  /// The schema of a registered thing of a section; null where there is none of that name.
  const AnySchema* schema_of(const std::string& section, const std::string& name);

  /// What was read of a section last, and all of it by what was written.
  struct Memory {
    Value last_raw;
    std::shared_ptr<const NormalSection> last;
    std::unordered_map<std::string, std::shared_ptr<const NormalSection>> known;
  };

  const Catalog& catalog_;
  Problems& problems_;
  std::array<Memory, 7> memory_;
  std::map<std::pair<std::string, std::string>, AnySchema> schemas_;  ///< by section and name
  catalog::SectionNumbers numbers_;
  std::set<std::string> seen_;
  std::set<std::pair<std::int64_t, std::int64_t>> checked_;
};

/// The trial of these sections; its experiment, seeds and draw are for the caller.
TrialSpec trial_of(const Normaliser::Sections& sections);
SectionTexts texts_of(const Normaliser::Sections& sections);

}  // namespace spurion::harness
