#pragma once

#include <string>

#include "methods/shared/l2_option.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

/// Options of methods that balance rows.
struct BalanceOptions : L2Option {
  std::string by = "group";

  static const Schema<BalanceOptions>& schema() {
    static const auto schema =
        Schema<BalanceOptions>()
            .field("by", &BalanceOptions::by,
                   "What is balanced. group: the cells of label and cue, whose labels are needed. "
                   "class: the labels alone.",
                   one_of({"group", "class"}))
            .include(L2Option::schema());
    return schema;
  }
};

/// The groups or the classes of rows.
class BalancedKinds {
 public:
  /// Throws `UsageError` where the environment has no groups, or no classes, to balance.
  BalancedKinds(const char* method, const std::string& by, const MethodContext& context);

  [[nodiscard]] Access needs() const;
  /// How many there are.
  [[nodiscard]] std::int64_t count() const { return count_; }
  /// The kind of each row of a batch, int64 [K or 1, E * B].
  [[nodiscard]] Tensor of(const Batch& batch) const;
  /// The same, but count() for a row of weight 0, where classes are balanced: nobody may have seen
  /// its label.
  [[nodiscard]] Tensor counted(const Batch& batch) const;
  /// How many rows of each kind count so, int64 [K or 1, count()].
  [[nodiscard]] Tensor counts(const Batch& batch) const;

 private:
  bool groups_;
  std::int64_t count_;
};

}  // namespace spurion::methods
