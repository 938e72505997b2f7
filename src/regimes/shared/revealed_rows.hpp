#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spurion/archive.hpp"
#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::regimes {

/// The rows whose labels were revealed so far. Each row counts once, also if it is used again: in
/// another epoch, slot or phase, or after a finite pool started again.
class SPURION_API RevealedRows {
 public:
  /// Rows first .. first + count - 1 of a pool, which starts again after `limit` rows.
  struct Stretch {
    std::string pool;
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::int64_t limit = 0;
    bool endless = false;  ///< the pool is these rows, which come nowhere else
  };
  /// Stretches one after the other, of the same length each.
  using Slot = std::vector<Stretch>;

  /// Another reader of these slots. Readers are independent.
  void add_reader(const std::vector<Slot>& slots);
  /// Whether the label of row `row` of a slot is new to a reader. Afterwards it is known.
  bool reveal(std::size_t reader, std::size_t slot, std::int64_t row);
  /// Whether a reader knows the labels of all rows of its slots.
  [[nodiscard]] bool all_known(std::size_t reader) const { return readers_[reader].hidden == 0; }
  /// Takes over what the same readers knew of other slots: labels of rows that these slots share,
  /// and of finite pools, whose rows may come again.
  void inherit(const RevealedRows& earlier);
  void visit_state(StateVisitor& visit);

 private:
  struct Pool {
    Tensor known;    // bool [rows]
    Tensor covered;  // bool [rows]: by the slots; undefined for a pool only remembered
    bool endless = false;
  };
  struct Place {
    bool* known = nullptr;
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::int64_t limit = 0;
  };
  struct Reader {
    std::map<std::string, Pool> pools;
    std::vector<std::vector<Place>> slots;
    std::int64_t hidden = 0;  // rows of the slots that are not known
  };
  static void count_hidden(Reader& reader);
  static void learn(Reader& reader, const std::string& pool, const Tensor& known, bool endless);

  std::vector<Reader> readers_;
};

}  // namespace spurion::regimes
