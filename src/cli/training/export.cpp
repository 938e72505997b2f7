#include <fmt/format.h>

#include <memory>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/rows.hpp"
#include "harness/exchange/export_rows.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kExportedRows = 1000;

}  // namespace

int export_file(const ExportArguments& arguments, const Catalog& catalog) {
  const RowsOfWorld rows =
      rows_of(catalog, arguments.environment, arguments.rows, kExportedRows, false);
  harness::export_rows(rows.set, *rows.environment, arguments.out, arguments.compress);
  print("{}: {}\n", arguments.out,
        count(rows.set.count(), fmt::format("{} row", split_name(rows.set.split))));
  Table table({"domain", "number", "rows"});
  for (std::size_t i = 0; i < rows.set.parts.size(); ++i) {
    const harness::RowSet::Part& part = rows.set.parts[i];
    table.add({part.domain, fmt::format("{}", i),
               fmt::format("{} to {}", part.rows.first, part.rows.first + part.rows.count - 1)});
  }
  print("{}", table.text(2, 100));
  return 0;
}

}  // namespace spurion::cli
