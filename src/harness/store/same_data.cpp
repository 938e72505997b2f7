#include "harness/store/same_data.hpp"

#include <fmt/format.h>

#include <string_view>

#include "spurion/error.hpp"

namespace spurion::harness {

void check_same_data(const std::map<std::string, std::string>& first, const std::string& made_from,
                     const std::map<std::string, std::string>& second, const std::string& found) {
  const std::string_view prefix(kDataPrefix);
  for (const auto& [name, fingerprint] : first) {
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    const auto other = second.find(name);
    if (other == second.end() || other->second == fingerprint) continue;
    throw DataError(
        fmt::format("the rows of {} differ between {} and {}, because a file has changed; run into "
                    "another folder (--out), or restore the file",
                    name.substr(prefix.size()), made_from, found));
  }
}

}  // namespace spurion::harness
