#include "spurion/analysis/glossary.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

namespace {

/// Lower case, words apart by one space: "flip_rate" and "Flip rate" are the same.
std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool gap = c == '_' || c == '-' || c == ' ';
    if (!gap) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

/// Whether a column's title is an option of a trial, "model.width".
bool is_option(const std::string& title) {
  constexpr std::array<std::string_view, 7> kSections = {
      "environment", "model", "method", "regime", "optimizer", "training", "evaluation"};
  const std::string section = title.substr(0, title.find('.'));
  return section.size() < title.size() &&
         std::find(kSections.begin(), kSections.end(), section) != kSections.end();
}

}  // namespace

const char* term_kind_name(TermKind kind) {
  switch (kind) {
    case TermKind::idea:
      return "idea";
    case TermKind::column:
      return "column";
    case TermKind::verdict:
      return "verdict";
    case TermKind::status:
      return "status";
  }
  return "";
}

const std::vector<Term>& glossary() {
  static const std::vector<Term> all = [] {
    std::vector<Term> terms = idea_terms();
    for (auto* part : {&stream_terms, &column_terms, &verdict_terms}) {
      const std::vector<Term> more = part();
      terms.insert(terms.end(), more.begin(), more.end());
    }
    return terms;
  }();
  return all;
}

const Term* find_term(std::string_view name) {
  static const std::unordered_map<std::string, const Term*> by_name = [] {
    std::unordered_map<std::string, const Term*> all;
    for (const Term& term : glossary()) all.emplace(plain_name(term.name), &term);
    return all;
  }();
  const auto found = by_name.find(plain_name(name));
  return found == by_name.end() ? nullptr : found->second;
}

const Term* term_of(const Column& column) {
  if (const Term* by_key = column.key.empty() ? nullptr : find_term(column.key)) return by_key;
  if (const Term* by_title = find_term(column.title)) return by_title;
  return is_option(column.title) ? find_term("axis") : nullptr;
}

std::string term_anchor(const Term& term) {
  std::string anchor = "term-";
  for (const char c : plain_name(term.name)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    anchor += word ? c : '-';
  }
  return anchor;
}

}  // namespace spurion::analysis
