#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/store.hpp"

/// \file
/// What a paper cites that uses built-in things: BibTeX of the sources of environments, methods and
/// models.

namespace spurion::report {

/// Where it was published.
enum class Venue { conference, journal, preprint };

/// One published work.
struct Reference {
  std::string_view key;      ///< of BibTeX: "arjovsky2019irm"
  std::string_view authors;  ///< "Last, First and Last, First", "and others" for the rest
  std::string_view title;    ///< without braces
  int year;
  Venue venue;
  std::string_view where;  ///< conference or journal; empty for a preprint
  std::string_view arxiv;  ///< "1907.02893"; empty: it has none
};

/// What a registered thing is from: keys with a space between.
struct CitedBy {
  std::string_view noun;  ///< "environment", "method" or "model"
  std::string_view name;
  std::string_view keys;
};

/// All works, and which built-in things they are of.
SPURION_API const std::vector<Reference>& references();
SPURION_API const std::vector<CitedBy>& cited_by();

/// The works of one thing, in order; none of a thing without a source, such as a control.
SPURION_API std::vector<const Reference*> references_of(const std::string& noun,
                                                        const std::string& name);

/// A BibTeX entry, with a newline at its end.
SPURION_API std::string bibtex(const Reference& reference);
/// The entry of spurion itself.
SPURION_API std::string own_bibtex();
/// A file for the trials of a report: spurion and, once each, what their environments, methods and
/// models are from, with a comment that says of what. Things without an entry are named in the end.
SPURION_API std::string bibliography(const StoredResults& results);

}  // namespace spurion::report
