#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/glossary.hpp"

/// \file
/// The glossary of a page, and links to it from the cells of its tables.

namespace spurion::report {

/// Text that shows what a term means when pointed at, and leads to the glossary of the page.
std::string term_link(const analysis::Term& term, std::string_view text);

/// What a header cell holds: the title, as a link where the column has a term.
std::string column_title(const analysis::Column& column);

/// What a cell holds: its text, as a link where it is a verdict or a status.
std::string cell_text(const analysis::Cell& cell);

/// The terms that a page explains: those of the tables of its answers, the terms that explain
/// those, and the few that every report uses.
class UsedTerms {
 public:
  UsedTerms();
  void add(const analysis::Answer& answer);
  /// In the order of the glossary.
  [[nodiscard]] std::vector<const analysis::Term*> ordered() const;

 private:
  std::set<const analysis::Term*> used_;
};

/// The glossary of a page.
std::string glossary_section(const UsedTerms& terms);

/// What a term means, with its unit and range: "The share of ... (share of rows, in [0, 1])".
std::string term_text(const analysis::Term& term);

}  // namespace spurion::report
