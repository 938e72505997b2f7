#include "environments/simplicity_slabs/slabs.hpp"

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

/// Slabs right of the middle by class, with their probabilities; each stands for its mirror image
/// too. Those of the source's generator.
struct Half {
  double place;  ///< in slabs from the middle
  double probability;
};

std::vector<Half> negative_half(std::int64_t count) {
  switch (count) {
    case 3:
      return {{0, 1.0}};
    case 5:
      return {{0, 0.75}, {2, 0.25}};
    default:
      return {{0, 0.5}, {2, 0.5}};
  }
}

std::vector<Half> positive_half(std::int64_t count) {
  return count == 7 ? std::vector<Half>{{1, 0.875}, {3, 0.125}} : std::vector<Half>{{1, 1.0}};
}

}  // namespace

bool Slabs::possible(std::int64_t count) {
  return count == 2 || count == 3 || count == 5 || count == 7;
}

Slabs::Slabs(std::int64_t count, double margin)
    : count_(count),
      margin_(margin),
      width_((2.0 - 2.0 * margin * static_cast<double>(count - 1)) / static_cast<double>(count)) {
  SPURION_CHECK(possible(count) && margin >= 0.0 && width_ > 0.0, "no such slabs");
  const double pitch = width_ + 2.0 * margin;
  if (count == 2) {
    negative_ = {{-0.5 * pitch, 1.0}};
    positive_ = {{0.5 * pitch, 1.0}};
    return;
  }
  const auto both_sides = [pitch](const std::vector<Half>& half) {
    std::vector<Slab> all;
    double until = 0.0;
    for (const Half& one : half) {
      if (one.place == 0.0) {
        all.push_back({0.0, until += one.probability});
        continue;
      }
      all.push_back({-one.place * pitch, until += 0.5 * one.probability});
      all.push_back({one.place * pitch, until += 0.5 * one.probability});
    }
    return all;
  };
  negative_ = both_sides(negative_half(count));
  positive_ = both_sides(positive_half(count));
}

double Slabs::place(int side, double which, double where) const {
  const std::vector<Slab>& slabs = side > 0 ? positive_ : negative_;
  std::size_t at = 0;
  while (at + 1 < slabs.size() && which >= slabs[at].until) ++at;
  return slabs[at].centre + width_ * (where - 0.5);
}

double Slabs::gap(double which, double where) const {
  const auto gaps = static_cast<double>(count_ - 1);
  const auto at = static_cast<double>(static_cast<std::int64_t>(which * gaps));
  const double left = -1.0 + width_ + at * (width_ + 2.0 * margin_);
  return left + 2.0 * margin_ * where;
}

}  // namespace spurion::environments
