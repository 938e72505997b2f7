#pragma once

#include <string>
#include <string_view>

#include "harness/store/store_content.hpp"

namespace spurion::harness {

/// A row of the table of trials as it is kept.
struct TrialRow {
  StoredTrial trial;
  TrialResult result;  ///< status, message and cost alone
  std::string spec;
  std::string numbers;
};

/// Reads all rows, by their numbers.
class TrialRows {
 public:
  explicit TrialRows(const sqlite::Database& database)
      : query_(database,
               "SELECT number, id, spec, status, message, flops, steps, rows_seen, labels_used, "
               "seconds, replicas, provenance, layout, numbers, seal FROM trial ORDER BY number") {}

  bool next(TrialRow& row) {
    if (!query_.step()) return false;
    row.trial.number = query_.integer(0);
    row.trial.id = TrialId::read(query_.view(1)).value_or(TrialId());
    row.spec = query_.text(2);
    const std::string_view status = query_.view(3);
    for (const Status one : {Status::done, Status::diverged, Status::failed}) {
      if (status == status_name(one)) row.result.status = one;
    }
    row.result.message = query_.text(4);
    row.result.cost = {query_.number(5),  query_.integer(6), query_.integer(7),
                       query_.integer(8), query_.number(9),  query_.integer(10)};
    row.trial.provenance = query_.digest(11);
    row.trial.layout = query_.digest(12);
    row.numbers = query_.text(13);
    row.trial.seal = query_.digest(14);
    return true;
  }

 private:
  sqlite::Statement query_;
};

}  // namespace spurion::harness
