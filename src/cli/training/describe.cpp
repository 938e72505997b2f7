#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/description.hpp"
#include "cli/training/preview.hpp"
#include "harness/data/facts_of.hpp"
#include "report/card_head.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

int describe(const DescribeArguments& arguments, const Catalog& catalog) {
  if (!arguments.preview.empty()) {
    write_preview(catalog, arguments.name, arguments.options, arguments.preview);
    print("{}\n", arguments.preview);
    return 0;
  }
  if (arguments.format == "card") {
    if (!catalog.environments.contains(arguments.name) || !arguments.options.empty()) {
      throw UsageError("--format card describes an environment with its default options");
    }
    print("{}", report::card_head(harness::card_facts(catalog, arguments.name),
                                  catalog.environments.at(arguments.name).schema));
    return 0;
  }
  const std::vector<Json> found = describe(catalog, arguments.name, arguments.options);
  if (arguments.format == "json") {
    print("{}\n", found.size() == 1 ? found.front().dump(2) : Json(found).dump(2));
    return 0;
  }
  bool first = true;
  for (const Json& one : found) {
    print("{}{}", first ? "" : "\n", description_text(one, terminal_columns(STDOUT_FILENO, 100)));
    first = false;
  }
  return 0;
}

}  // namespace spurion::cli
