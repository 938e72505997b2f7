#include "methods/shared/pareto_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace spurion::methods {

namespace {

using Row = std::vector<double>;

/// normal . w >= least
struct HalfSpace {
  Row normal;
  double least = 0.0;
};

double dot(const Row& a, const Row& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The solution of rows x = right, by elimination; none where the rows depend on each other.
std::optional<Row> solution(std::vector<Row> rows, Row right) {
  const std::size_t m = right.size();
  for (std::size_t column = 0; column < m; ++column) {
    std::size_t best = column;
    for (std::size_t i = column + 1; i < m; ++i) {
      if (std::abs(rows[i][column]) > std::abs(rows[best][column])) best = i;
    }
    if (std::abs(rows[best][column]) < 1e-12) return std::nullopt;
    std::swap(rows[best], rows[column]);
    std::swap(right[best], right[column]);
    for (std::size_t i = 0; i < m; ++i) {
      if (i == column) continue;
      const double factor = rows[i][column] / rows[column][column];
      for (std::size_t j = column; j < m; ++j) rows[i][j] -= factor * rows[column][j];
      right[i] -= factor * right[column];
    }
  }
  for (std::size_t i = 0; i < m; ++i) right[i] /= rows[i][i];
  return right;
}

/// The same condition with a largest coefficient of 1.
HalfSpace scaled(HalfSpace space) {
  double most = std::abs(space.least);
  for (const double value : space.normal) most = std::max(most, std::abs(value));
  if (most == 0.0) return space;
  for (double& value : space.normal) value /= most;
  space.least /= most;
  return space;
}

/// The w >= 0 of sum 1 that maximises gain . w within the half-spaces: the best of the vertices.
class Simplex {
 public:
  Simplex(Row gain, const std::vector<HalfSpace>& spaces) : gain_(std::move(gain)) {
    for (std::size_t i = 0; i < gain_.size(); ++i) {
      HalfSpace positive{Row(gain_.size(), 0.0), 0.0};
      positive.normal[i] = 1.0;
      spaces_.push_back(positive);
    }
    for (const HalfSpace& space : spaces) spaces_.push_back(scaled(space));
  }

  [[nodiscard]] std::optional<Row> best() {
    best_value_ = -std::numeric_limits<double>::infinity();
    best_.reset();
    std::vector<std::size_t> tight;
    visit(tight, 0);
    return best_;
  }

 private:
  /// Visits each choice of m - 1 half-spaces whose border holds the vertex.
  void visit(std::vector<std::size_t>& tight, std::size_t from) {
    if (tight.size() + 1 == gain_.size()) {
      consider(tight);
      return;
    }
    for (std::size_t i = from; i < spaces_.size(); ++i) {
      tight.push_back(i);
      visit(tight, i + 1);
      tight.pop_back();
    }
  }

  void consider(const std::vector<std::size_t>& tight) {
    std::vector<Row> rows = {Row(gain_.size(), 1.0)};
    Row right = {1.0};
    for (const std::size_t i : tight) {
      rows.push_back(spaces_[i].normal);
      right.push_back(spaces_[i].least);
    }
    std::optional<Row> vertex = solution(std::move(rows), std::move(right));
    if (!vertex) return;
    for (const HalfSpace& space : spaces_) {
      if (dot(space.normal, *vertex) < space.least - 1e-9) return;
    }
    const double value = dot(gain_, *vertex);
    if (!(value > best_value_)) return;
    best_value_ = value;
    for (double& weight : *vertex) weight = std::max(weight, 0.0);
    best_ = std::move(vertex);
  }

  Row gain_;
  std::vector<HalfSpace> spaces_;
  std::optional<Row> best_;
  double best_value_ = 0.0;
};

/// The weights of objectives that are not 0, whose preference has the sum 1.
std::optional<Row> searched(const Objectives& of, double balanced) {
  const std::size_t m = of.values.size();
  Row weighed(m);
  double sum = 0.0;
  for (std::size_t i = 0; i < m; ++i) {
    weighed[i] = of.preference[i] * of.values[i];
    sum += weighed[i];
  }
  double mu = 0.0;
  Row logs(m);
  for (std::size_t i = 0; i < m; ++i) {
    logs[i] = std::log(static_cast<double>(m) * weighed[i] / sum);
    mu += weighed[i] / sum * logs[i];
  }
  std::vector<Row> products(m);
  for (std::size_t i = 0; i < m; ++i) {
    const auto first = of.products.begin() + static_cast<std::ptrdiff_t>(i * m);
    products[i].assign(first, first + static_cast<std::ptrdiff_t>(m));
  }
  Row adjustment(m);
  for (std::size_t i = 0; i < m; ++i) adjustment[i] = of.preference[i] * (logs[i] - mu);
  Row growth(m);  // C a
  for (std::size_t i = 0; i < m; ++i) growth[i] = dot(products[i], adjustment);
  for (const double value : growth) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  std::vector<HalfSpace> spaces;
  if (mu > balanced) {
    const double most = *std::max_element(weighed.begin(), weighed.end());
    for (std::size_t j = 0; j < m; ++j) {
      if (weighed[j] == most) {
        spaces.push_back({products[j], 0.0});
      } else if (!(growth[j] > 0.0)) {
        spaces.push_back({products[j], growth[j]});
      }
    }
    return Simplex(growth, spaces).best();
  }
  Row gain(m, 0.0);
  for (std::size_t j = 0; j < m; ++j) {
    spaces.push_back({products[j], 0.0});
    for (std::size_t i = 0; i < m; ++i) gain[i] += products[j][i];
  }
  spaces.push_back({growth, std::min(*std::max_element(growth.begin(), growth.end()), 0.0)});
  return Simplex(gain, spaces).best();
}

}  // namespace

std::vector<double> pareto_weights(const Objectives& objectives, double balanced) {
  const std::size_t all = objectives.values.size();
  std::vector<std::size_t> counted;
  double sum = 0.0;
  for (std::size_t i = 0; i < all; ++i) {
    if (!(objectives.values[i] > 0.0)) continue;
    counted.push_back(i);
    sum += objectives.preference[i];
  }
  std::vector<double> weights(all, 0.0);
  if (counted.empty()) return weights;
  Objectives some;
  for (const std::size_t i : counted) {
    some.values.push_back(objectives.values[i]);
    some.preference.push_back(objectives.preference[i] / sum);
    for (const std::size_t j : counted) some.products.push_back(objectives.products[i * all + j]);
  }
  const Row found = searched(some, balanced).value_or(some.preference);
  for (std::size_t i = 0; i < counted.size(); ++i) weights[counted[i]] = found[i];
  return weights;
}

}  // namespace spurion::methods
