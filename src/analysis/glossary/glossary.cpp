#include "spurion/analysis/glossary.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

namespace {

/// Lower case, words apart by one space: "flip_rate" and "Flip rate" are the same.
std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool gap = c == '_' || c == '-' || c == ' ' || c == ',';
    if (!gap) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

/// Other words that charts, captions or readers use for a term.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"95 % interval", "interval"},
    {"confidence interval", "interval"},
    {"cue only", "spurious only"},
    {"the cue only", "spurious only"},
    {"bayes ceiling", "bayes"},
    {"invariant predictor", "invariant"},
    {"spurious feature", "cue"},
    {"shortcut", "cue"},
    {"flops", "FLOP"},
    {"floating-point operations", "FLOP"},
    {"sign flips", "sign-flip p"},
    {"sign-flip test", "sign-flip p"},
    {"paired t test", "p"},
    {"t test", "p"},
    {"standard error", "difference in SE"},
    {"axes", "axis"},
    {"fit", "law"},
    {"epochs", "repeats"},
};

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
    for (auto* part :
         {&scaling_ideas, &planning_ideas, &acting_ideas, &authenticity_ideas, &stream_terms,
          &column_terms, &acting_columns, &authenticity_columns, &goodhart_columns, &verdict_terms,
          &acting_verdicts, &authenticity_verdicts, &goodhart_verdicts}) {
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
    for (const auto& [other, term] : kOtherNames) {
      all.emplace(plain_name(other), all.at(plain_name(term)));
    }
    return all;
  }();
  std::string plain = plain_name(name);
  auto found = by_name.find(plain);
  if (found == by_name.end() && plain.size() > 1 && plain.back() == 's') {
    plain.pop_back();  // several of it
    found = by_name.find(plain);
  }
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
