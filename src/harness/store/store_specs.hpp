#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "spurion/trial.hpp"

namespace spurion::harness {

/// Sections of one kind by their canonical texts, of which each is read once and shared.
template <class Section>
class KnownSections {
 public:
  /// What `read` gave for this text.
  template <class Read>
  const Section& of(std::string_view text, const Read& read) {
    // Draws of a search have sections of their own each: what is remembered of them is bounded.
    constexpr std::size_t kMostKnown = std::size_t{1} << 14U;
    if (last_ != nullptr && last_->first == text) return last_->second;
    if (const auto found = known_.find(text); found != known_.end()) {
      last_ = found->second;
      return last_->second;
    }
    if (known_.size() >= kMostKnown) known_.clear();
    auto made = std::make_shared<Known>(std::string(text), Section());
    made->second = read(made->first);
    // Draws of a search differ in a number or two.
    if (last_ != nullptr) options_of(made->second).share_parts(options_of(last_->second));
    known_.emplace(made->first, made);
    last_ = std::move(made);
    return last_->second;
  }

 private:
  using Known = std::pair<std::string, Section>;
  static Value& options_of(Component& component) { return component.options; }
  static Value& options_of(Value& options) { return options; }

  std::unordered_map<std::string_view, std::shared_ptr<Known>> known_;  ///< keys lie in the values
  std::shared_ptr<Known> last_;  ///< neighbours often have the same
};

/// Reads canonical texts of trials. The trials of a grid have most of their sections in common:
/// each is read once, and shared.
class SpecReader {
 public:
  /// Throws `UsageError` when it is no canonical text of a trial.
  TrialSpec read(std::string_view canonical_json);

 private:
  void find_members(std::string_view text);
  [[nodiscard]] std::string_view member(std::string_view name) const;

  std::vector<std::pair<std::string_view, std::string_view>> members_;  ///< of the text at hand
  std::array<KnownSections<Component>, 4> components_;
  std::array<KnownSections<Value>, 3> values_;
};

}  // namespace spurion::harness
