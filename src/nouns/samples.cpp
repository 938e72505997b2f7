#include "nouns/samples.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace spurion::nouns {

Sample joined_samples(const std::vector<Sample>& parts) {
  if (parts.size() == 1) return parts.front();
  Sample whole;
  for (const auto member : kSampleMembers) {
    std::vector<Tensor> all;
    for (const Sample& part : parts) {
      if ((part.*member).defined()) all.push_back(part.*member);
    }
    if (all.size() == parts.size()) whole.*member = at::cat(all);
  }
  return whole;
}

Sample wrapped_sample(const Environment& environment, const Domain& domain, Split split,
                      RowRange rows, const Intervention& intervention) {
  const std::int64_t limit = environment.row_limit(domain, split);
  std::vector<Sample> parts;
  std::int64_t first = rows.first % limit;
  std::int64_t left = rows.count;
  do {  // once for no rows too: their shapes
    const std::int64_t take = std::min(left, limit - first);
    parts.push_back(environment.sample(domain, split, {first, take}, intervention));
    left -= take;
    first = 0;
  } while (left > 0);
  return joined_samples(parts);
}

}  // namespace spurion::nouns
