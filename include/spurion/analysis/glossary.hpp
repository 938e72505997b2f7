#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spurion/analysis/table.hpp"
#include "spurion/export.hpp"
#include "spurion/metric_info.hpp"

/// \file
/// The glossary: one plain definition of every term, column and verdict of a report. The report's
/// glossary and tooltips, `spurion list terms`, `spurion describe TERM`, the data dictionary of the
/// CSV files and include/spurion/README.md are all made from it.

namespace spurion::analysis {

/// What a term is.
enum class TermKind {
  idea,     ///< a word that the documentation and the reports use
  column,   ///< the title of a column
  verdict,  ///< what a column of verdicts says
  status    ///< how a trial ended
};
/// "idea", "column", "verdict", "status".
SPURION_API const char* term_kind_name(TermKind kind);

/// An entry of the glossary.
struct Term {
  std::string_view name;                   ///< as reports print it, in lower case where they differ
  TermKind kind = TermKind::idea;          ///< what it is
  std::string_view meaning;                ///< whole sentences
  std::vector<std::string_view> see = {};  ///< names of related terms
  std::string_view unit = {};              ///< of a number; empty where it has none
  std::string_view range = {};             ///< of a number: what it can be; empty where not limited
};

/// All terms: first ideas in the order in which one explains the next, then columns, verdicts and
/// statuses by name.
SPURION_API const std::vector<Term>& glossary();

/// The term of that name, or null. Upper and lower case, "_", "-", "," and " " do not matter, nor a
/// plural -s. Some terms have other names too: "95 % interval", "cue only".
SPURION_API const Term* find_term(std::string_view name);

/// The term that explains a column: that of its key, else of its title; for a column of an option
/// ("model.width") the term "axis". Null when there is none.
SPURION_API const Term* term_of(const Column& column);

/// A name as a link target: "term-flip-rate".
SPURION_API std::string term_anchor(const Term& term);

/// The whole glossary and a dictionary of stored numbers as Markdown: the text of
/// include/spurion/README.md. `columns`: what registered metrics write (`Catalog::metric_columns`).
SPURION_API std::string glossary_markdown(const std::vector<MetricInfo>& columns);

}  // namespace spurion::analysis
