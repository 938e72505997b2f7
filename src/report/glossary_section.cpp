#include "report/glossary_section.hpp"

#include <fmt/format.h>

#include <set>
#include <variant>

#include "report/escape.hpp"

namespace spurion::report {

namespace {

using analysis::Term;
using analysis::TermKind;

/// Terms that every page uses: in its first lines, its charts and the cards of its environments.
constexpr std::string_view kAlways[] = {"cue",     "domain",    "shift",     "in distribution",
                                        "gap",     "invariant", "flip rate", "out of distribution",
                                        "ceiling", "learned",   "interval",  "seed"};

/// The verdict or status that a cell is, or null.
const Term* outcome_in(const analysis::Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  const Term* term = text == nullptr ? nullptr : analysis::find_term(*text);
  const bool outcome =
      term != nullptr && (term->kind == TermKind::verdict || term->kind == TermKind::status);
  return outcome ? term : nullptr;
}

/// A term and the terms that explain it.
void add_with_explanations(const Term& term, std::set<const Term*>& used) {
  if (!used.insert(&term).second) return;
  for (const std::string_view name : term.see) {
    if (const Term* other = analysis::find_term(name)) add_with_explanations(*other, used);
  }
}

std::string see_also(const Term& term) {
  std::string out;
  for (const std::string_view name : term.see) {
    const Term* other = analysis::find_term(name);
    if (other != nullptr) out += (out.empty() ? " See " : ", ") + term_link(*other, other->name);
  }
  return out.empty() ? out : out + ".";
}

}  // namespace

std::string term_text(const Term& term) {
  std::string text(term.meaning);
  if (!term.unit.empty()) text += fmt::format(" Unit: {}.", term.unit);
  if (!term.range.empty()) text += fmt::format(" Range: {}.", term.range);
  return text;
}

std::string term_link(const Term& term, std::string_view text) {
  return fmt::format("<a class=\"term\" href=\"#{}\" title=\"{}\">{}</a>",
                     analysis::term_anchor(term), escape(term_text(term)),
                     escape(std::string(text)));
}

std::string column_title(const analysis::Column& column) {
  const Term* term = analysis::term_of(column);
  return term == nullptr ? escape(column.title) : term_link(*term, column.title);
}

std::string cell_text(const analysis::Cell& cell) {
  const std::string text = analysis::text_of(cell);
  const Term* term = outcome_in(cell);
  return term == nullptr ? escape(text) : term_link(*term, text);
}

UsedTerms::UsedTerms() {
  for (const std::string_view name : kAlways) {
    if (const Term* term = analysis::find_term(name)) add_with_explanations(*term, used_);
  }
}

void UsedTerms::add(const analysis::Answer& answer) {
  const auto add_one = [&](const Term* term) {
    if (term != nullptr) add_with_explanations(*term, used_);
  };
  for (const analysis::Table& table : answer.tables) {
    for (const analysis::Column& column : table.columns) add_one(analysis::term_of(column));
    for (const auto& row : table.rows) {
      for (const analysis::Cell& cell : row) add_one(outcome_in(cell));
    }
  }
}

std::vector<const Term*> UsedTerms::ordered() const {
  std::vector<const Term*> ordered;
  for (const Term& term : analysis::glossary()) {
    if (used_.count(&term) != 0) ordered.push_back(&term);
  }
  return ordered;
}

std::string glossary_section(const UsedTerms& terms) {
  std::string out = "<section id=\"glossary\"><h2>Glossary</h2><dl>";
  for (const Term* term : terms.ordered()) {
    out += fmt::format("<dt id=\"{}\">{}</dt><dd>{}{}</dd>", analysis::term_anchor(*term),
                       escape(std::string(term->name)), escape(term_text(*term)), see_also(*term));
  }
  return out + "</dl></section>\n";
}

}  // namespace spurion::report
