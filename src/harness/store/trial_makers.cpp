#include "harness/store/trial_makers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>

#include "harness/store/same_data.hpp"

namespace spurion::harness {

void TrialMakers::add(const std::shared_ptr<const Provenance>& made_by) {
  if (!made_by) {
    ++unknown_;
  } else if (seen_.insert(made_by).second) {
    makers_.push_back(made_by);
  }
}

void TrialMakers::tell(StoredResults& results) const {
  std::map<std::string, std::set<std::string>> kinds;  // by what they are of
  std::map<std::string, std::string> data;
  for (const auto& made_by : makers_) {
    kinds["versions of spurion"].insert(made_by->version);
    kinds["builds of spurion (code)"].insert(made_by->code.substr(0, 8));
    kinds["libraries"].insert(made_by->libraries);
    kinds["instruction sets"].insert(made_by->processor);
    kinds["devices"].insert(made_by->device);
    for (const CodeFile& file : made_by->plugins) {
      const std::string name = file.name.substr(0, file.name.find(' '));
      kinds[fmt::format("builds of plug-in {}", name)].insert(
          fmt::format("{} (file {})", file.name, file.hash.substr(0, 8)));
    }
    check_same_data(data, "some of its trials", made_by->data, "others");
    data.insert(made_by->data.begin(), made_by->data.end());
  }
  if (!kinds.empty()) {
    results.context["device"] = fmt::format("{}", fmt::join(kinds["devices"], ", "));
  }
  for (const auto& [kind, names] : kinds) {
    if (names.size() < 2) continue;
    results.notes.push_back(
        fmt::format("The trials were made by different {}: {}. Their numbers may differ for that "
                    "reason alone.",
                    kind, fmt::join(names, "; ")));
  }
  // Where nothing is recorded, as in a store that a program made, there is nothing to compare.
  if (unknown_ > 0 && !makers_.empty()) {
    results.notes.push_back(
        fmt::format("What made {} trial{} is not recorded.", unknown_, unknown_ == 1 ? "" : "s"));
  }
}

}  // namespace spurion::harness
