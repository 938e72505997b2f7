#include "analysis/search_edges.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis {

namespace {

/// " (a; b; c and 4 more)", without those that are empty.
std::string places_text(const std::vector<std::string>& places) {
  constexpr std::size_t kMost = 4;
  std::vector<std::string> named;
  for (const std::string& place : places) {
    if (!place.empty()) named.push_back(place);
  }
  if (named.empty()) return {};
  const std::size_t more = named.size() > kMost ? named.size() - kMost : 0;
  named.resize(named.size() - more);
  return fmt::format(" ({}{})", fmt::join(named, "; "),
                     more > 0 ? fmt::format(" and {} more", more) : std::string());
}

/// One end of the values of one option.
struct End {
  std::string option;
  bool greatest = false;
  const std::vector<std::string>* places = nullptr;
};

}  // namespace

void SearchEdges::add(const std::vector<const TrialResult*>& trials, std::int64_t chosen,
                      const std::string& place) {
  ++configurations_;
  for (const std::string& option : searched_) {
    std::set<double> tried;
    std::optional<double> own;
    for (const TrialResult* trial : trials) {
      const Value* value = option_of(trial->spec, option);
      if (value == nullptr || !value->is_number()) continue;
      tried.insert(value->as_number());
      if (trial->spec.config_index == chosen) own = value->as_number();
    }
    if (!own || tried.size() < 2) continue;
    if (*own == *tried.begin()) ends_[option].least.push_back(place);
    if (*own == *tried.rbegin()) ends_[option].greatest.push_back(place);
  }
}

std::string SearchEdges::text(const std::string& how) const {
  std::vector<End> all;
  for (const auto& [option, ends] : ends_) {
    if (!ends.least.empty()) all.push_back({option, false, &ends.least});
    if (!ends.greatest.empty()) all.push_back({option, true, &ends.greatest});
  }
  if (all.empty()) return {};
  std::stable_sort(all.begin(), all.end(),
                   [](const End& a, const End& b) { return a.places->size() > b.places->size(); });
  constexpr std::size_t kMost = 3;
  std::string text = " Edge of the search" + how + ":";
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i) {
    text += fmt::format("{} the chosen {} is the {} that was tried for {} of {} {}{}",
                        i == 0 ? "" : ",", all[i].option, all[i].greatest ? "largest" : "smallest",
                        all[i].places->size(), configurations_,
                        configurations_ == 1 ? "configuration" : "configurations",
                        places_text(*all[i].places));
  }
  if (all.size() > kMost) text += fmt::format(", and {} more such ends", all.size() - kMost);
  return text + ". Better values may lie beyond: widen these ranges.";
}

ConfigurationNames::ConfigurationNames(const std::vector<const TrialResult*>& trials,
                                       const std::set<std::string>& apart) {
  for (const Component TrialSpec::*section :
       {&TrialSpec::method, &TrialSpec::regime, &TrialSpec::environment, &TrialSpec::model}) {
    const bool several = std::any_of(trials.begin(), trials.end(), [&](const TrialResult* trial) {
      return (trial->spec.*section).name != (trials.front()->spec.*section).name;
    });
    if (several) sections_.push_back(section);
  }
  for (const std::string& option : differing_options(trials)) {
    const std::string section = option.substr(0, option.find('.'));
    // Methods and regimes have options of their own.
    if (section == "method" || section == "regime" || apart.count(option) != 0) continue;
    options_.push_back(option);
  }
}

std::string ConfigurationNames::of(const TrialResult& trial) const {
  std::vector<std::string> parts;
  for (const Component TrialSpec::*section : sections_) {
    parts.push_back((trial.spec.*section).name);
  }
  for (const std::string& option : options_) {
    const Value* value = option_of(trial.spec, option);
    if (value != nullptr) parts.push_back(fmt::format("{} = {}", option, value_text(*value)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace spurion::analysis
