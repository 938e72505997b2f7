#include "report/references.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <sstream>

#include "report/works.hpp"
#include "spurion/version.hpp"

namespace spurion::report {

const std::vector<Reference>& references() {
  static const std::vector<Reference> all = [] {
    std::vector<Reference> works = works_a_to_k();
    works.insert(works.end(), works_l_to_z().begin(), works_l_to_z().end());
    return works;
  }();
  return all;
}

std::vector<const Reference*> references_of(const std::string& noun, const std::string& name) {
  std::vector<const Reference*> found;
  for (const CitedBy& thing : cited_by()) {
    if (thing.noun != noun || thing.name != name) continue;
    std::istringstream keys{std::string(thing.keys)};
    for (std::string key; keys >> key;) {
      for (const Reference& one : references()) {
        if (one.key == key) found.push_back(&one);
      }
    }
  }
  return found;
}

std::string bibtex(const Reference& reference) {
  const bool preprint = reference.venue == Venue::preprint;
  const char* kind = preprint                            ? "misc"
                     : reference.venue == Venue::journal ? "article"
                                                         : "inproceedings";
  std::string out = fmt::format("@{}{{{},\n  author = {{{}}},\n  title = {{{{{}}}}},\n", kind,
                                reference.key, reference.authors, reference.title);
  if (!preprint) {
    out +=
        fmt::format("  {} = {{{}}},\n", reference.venue == Venue::journal ? "journal" : "booktitle",
                    reference.where);
  }
  out += fmt::format("  year = {{{}}},\n", reference.year);
  if (!reference.arxiv.empty()) {
    out += fmt::format("  eprint = {{{}}},\n  archivePrefix = {{arXiv}},\n", reference.arxiv);
  }
  return out + "}\n";
}

std::string own_bibtex() {
  return fmt::format(
      "@software{{spurion,\n  author = {{{{The spurion authors}}}},\n"
      "  title = {{{{spurion: what closes the gap of a model that relies on a spurious cue?}}}},\n"
      "  version = {{{}}},\n}}\n",
      version());
}

std::string bibliography(const StoredResults& results) {
  std::map<std::string, std::set<std::string>> used;  // names, by noun
  for (const TrialResult& trial : results.trials) {
    used["environment"].insert(trial.spec.environment.name);
    used["method"].insert(trial.spec.method.name);
    used["model"].insert(trial.spec.model.name);
  }
  std::map<std::string_view, std::vector<std::string>> things;  // by key
  std::map<std::string_view, const Reference*> works;
  std::string without;
  for (const auto& [noun, names] : used) {
    for (const std::string& name : names) {
      const auto found = references_of(noun, name);
      if (found.empty()) without += fmt::format("{}{} {}", without.empty() ? "" : ", ", noun, name);
      for (const Reference* one : found) {
        works[one->key] = one;
        things[one->key].push_back(noun + " " + name);
      }
    }
  }
  std::string out =
      "% Entries of works are written by hand. Compare one with its paper before you print it.\n\n"
      "% What made this report\n" +
      own_bibtex();
  for (const auto& [key, work] : works) {
    std::string of;
    for (const std::string& thing : things[key]) of += (of.empty() ? "" : ", ") + thing;
    out += fmt::format("\n% {}\n{}", of, bibtex(*work));
  }
  if (!without.empty()) out += fmt::format("\n% Without an entry here: {}\n", without);
  return out;
}

}  // namespace spurion::report
