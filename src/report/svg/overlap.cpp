#include "report/svg/overlap.hpp"

#include <fmt/format.h>

#include <cmath>

namespace spurion::report {

namespace {

bool in_one_place(const DrawnPath& a, const DrawnPath& b) {
  if (a.x.empty() || a.x.size() != b.x.size() || a.kind != b.kind) return false;
  constexpr double kPixel = 1.0;
  for (std::size_t i = 0; i < a.x.size(); ++i) {
    if (!(std::abs(a.x[i] - b.x[i]) < kPixel && std::abs(a.y[i] - b.y[i]) < kPixel)) return false;
  }
  return true;
}

}  // namespace

std::string Overlap::dashes() const {
  if (rank == 0) return {};
  constexpr std::size_t kDash = 8;  // pixels
  return fmt::format(" stroke-dasharray=\"{} {}\" stroke-dashoffset=\"{}\"", kDash,
                     kDash * (count - 1), kDash * (count - rank));
}

std::vector<Overlap> overlaps_of(const std::vector<DrawnPath>& paths) {
  std::vector<Overlap> out(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    out[i].first = i;
    for (std::size_t j = 0; j < i; ++j) {
      if (out[j].rank > 0 || !in_one_place(paths[j], paths[i])) continue;
      out[i].first = j;
      out[i].rank = out[j].count++;
      break;
    }
  }
  for (Overlap& one : out) one.count = out[one.first].count;
  return out;
}

}  // namespace spurion::report
