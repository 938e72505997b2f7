#pragma once

#include <vector>

#include "spurion/export.hpp"

namespace spurion::methods {

/// Objectives that are minimised together, at one point.
struct Objectives {
  std::vector<double> values = {};      ///< [m], not negative
  std::vector<double> preference = {};  ///< [m], positive: exact Pareto optima have equal r_i l_i
  std::vector<double> products = {};    ///< [m, m]: inner products of their gradients
};

/// Weights [m] of the objectives, not negative and of sum 1, by exact Pareto optimal search
/// (Mahapatra & Rajan 2020, EPO). With l the values, r the preference (of sum 1), C the products,
/// s_i = r_i l_i / sum_j r_j l_j, mu = sum_i s_i log(m s_i) and a_i = r_i (log(m s_i) - mu):
///
///  - mu > `balanced`: the weights w maximise w . C a, where no objective but those with (C a)_j >
///  0
///    may grow: (C w)_j >= (C a)_j, and >= 0 for the largest r_j l_j.
///  - otherwise they maximise sum_j (C w)_j with C w >= 0 and w . C a >= min(max_j (C a)_j, 0).
///
/// Where no weights meet these conditions they are the preference. An objective that is 0 is left
/// out: its weight is 0. Exact: all vertices of the polytope are tried, so m is small.
[[nodiscard]] SPURION_API std::vector<double> pareto_weights(const Objectives& objectives,
                                                             double balanced);

}  // namespace spurion::methods
