#pragma once

#include <cstdint>
#include <vector>

#include "spurion/method.hpp"

namespace spurion::methods {

/// Rows of a stream kept for later, `capacity` for each replica, every row of the stream with the
/// same probability (reservoir sampling: Vitter 1985, algorithm R).
class RowMemory {
 public:
  RowMemory() = default;
  RowMemory(std::int64_t capacity, const MethodContext& context, const char* name);

  /// Offers the rows of a batch; `logits` [K, E * B, C], where given, are kept with them.
  void add(const Batch& batch, const Tensor& logits = {});
  /// Rows kept of each replica.
  [[nodiscard]] std::int64_t size() const;
  struct Draw {
    Batch batch;    ///< one domain of `rows` rows
    Tensor logits;  ///< [K, rows, C] as they were; undefined when none were kept
  };
  /// `rows` of them with replacement; which ones is a function of (replica, number).
  [[nodiscard]] Draw draw(std::int64_t rows, std::int64_t number) const;
  /// All of them, as one domain.
  [[nodiscard]] Batch all() const;
  void clear();
  /// Bytes it takes of each replica when full; and those of a pass of so many rows drawn from it.
  [[nodiscard]] double bytes(const MemorySizes& sizes, bool with_logits = false) const;
  [[nodiscard]] static double drawn_bytes(const MemorySizes& sizes, std::int64_t rows);
  void visit_state(StateVisitor& visit);

 private:
  std::int64_t capacity_ = 0;
  std::vector<RandomKey> keys_;
  std::int64_t offered_ = 0;
  bool weighted_ = false;  ///< some rows do not count 1
  Task task_ = Task::binary;
  Tensor x_;       // [K, capacity, ...]
  Tensor y_;       // [K, capacity]
  Tensor weight_;  // [K, capacity]: what each row counted
  Tensor logits_;  // [K, capacity, C]
};

/// Two sets of rows as one, so that one pass gives the logits of both. Domains are lost.
Tensor joined_rows(const Tensor& first, const Tensor& second);
/// Rows first .. first + count - 1 of what a pass gave.
Output output_rows(const Output& output, std::int64_t first, std::int64_t count);

}  // namespace spurion::methods
