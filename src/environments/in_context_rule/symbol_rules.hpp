#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// Tables that give each of S symbols the label -1 or +1, half of them each: bit u of a rule is set
/// where symbol u is labelled +1. S is even, at most `kMaxSymbols`.
class SPURION_API SymbolRules {
 public:
  using Rule = std::uint32_t;
  static constexpr std::int64_t kMaxSymbols = 10;

  /// The order of `pool` and which of a rule and its opposite is in it follow the key.
  SymbolRules(std::int64_t symbols, const RandomKey& key);

  [[nodiscard]] std::int64_t symbols() const { return symbols_; }
  /// One of each pair of opposite rules, in an order such that the first R are a random choice.
  [[nodiscard]] const std::vector<Rule>& pool() const { return pool_; }
  [[nodiscard]] Rule opposite(Rule rule) const { return ~rule & ((Rule{1} << symbols_) - 1U); }
  /// The n-th symbol that the rule gives this label, n = 0 .. S / 2 - 1.
  [[nodiscard]] std::int64_t symbol(Rule rule, int label, std::int64_t n) const;

  /// A distribution over rules.
  struct Weighted {
    Rule rule;
    double weight;
  };
  using Prior = std::vector<Weighted>;
  /// The first `count` of the pool, each as it is with probability (1 - flipped) / count and as its
  /// opposite with flipped / count.
  [[nodiscard]] Prior prior(std::int64_t count, double flipped) const;
  /// All rules, evenly.
  [[nodiscard]] Prior every_rule() const;

  /// What a predictor sees besides the query's symbol.
  struct Reads {
    std::int64_t context = 0;  ///< labelled symbols, uniform and independent
    /// P(the core disagrees with the label); 1/2 where it is not read.
    double core_noise = 0.5;
  };
  /// Accuracy, in an environment whose rules have the distribution `world`, of the posterior
  /// decision under the prior `believed`; ties guess. Nothing where what is seen is impossible
  /// under `believed`. Enumerates what can be seen: exact.
  [[nodiscard]] std::optional<double> accuracy(const Prior& world, const Prior& believed,
                                               const Reads& reads) const;

 private:
  std::int64_t symbols_;
  std::vector<Rule> pool_;
};

}  // namespace spurion::environments
