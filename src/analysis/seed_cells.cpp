#include "spurion/analysis/seed_cells.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "analysis/paired_test.hpp"
#include "analysis/seed_table.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/streams.hpp"

namespace spurion::analysis {

/// The numbers of one configuration and seed.
struct SeedCells::Cell {
  std::uint32_t configuration = 0;
  std::int64_t seed = 0;
  double mean = 0.0;
  double count = 0.0;
  double deviation = 0.0;  ///< summed over the values
  double rows = 0.0;       ///< of the value that has most
  bool same_rows = false;
  double unit = 1.0;  ///< of a rate (`RowNoise::unit`)
};

SeedCells::SeedCells(const SeedCells& other) : numbers_(other.numbers_) {
  names_.resize(other.names_.size());
  for (const auto& [name, number] : other.configurations_) {
    names_[number] = &configurations_.emplace(name, number).first->first;
  }
}

SeedCells& SeedCells::operator=(const SeedCells& other) {
  SeedCells copy(other);
  std::swap(*this, copy);
  return *this;
}

void SeedCells::add(const std::string& configuration, std::int64_t seed, double value,
                    const RowNoise& noise) {
  if (std::isnan(value)) return;
  // Numbers often come configuration by configuration.
  std::uint32_t number = numbers_.empty() ? 0 : numbers_.back().configuration;
  if (numbers_.empty() || *names_[number] != configuration) {
    // Often they come in order, too: then there is nothing to look up.
    const auto place = configurations_.try_emplace(configurations_.end(), configuration,
                                                   static_cast<std::uint32_t>(names_.size()));
    if (configurations_.size() > names_.size()) names_.push_back(&place->first);
    number = place->second;
  }
  numbers_.push_back({number, seed, value, noise});
}

bool SeedCells::is_ordered(const std::vector<std::uint32_t>& ranks) const {
  return std::is_sorted(numbers_.begin(), numbers_.end(), [&](const Number& a, const Number& b) {
    return std::tie(ranks[a.configuration], a.seed) < std::tie(ranks[b.configuration], b.seed);
  });
}

std::vector<const SeedCells::Number*> SeedCells::ordered() const {
  const std::vector<std::uint32_t> ranks = configuration_ranks();
  std::vector<const Number*> ordered;
  ordered.reserve(numbers_.size());
  for (const Number& number : numbers_) ordered.push_back(&number);
  const auto before = [&](const Number* a, const Number* b) {
    return std::tie(ranks[a->configuration], a->seed) < std::tie(ranks[b->configuration], b->seed);
  };
  if (!std::is_sorted(ordered.begin(), ordered.end(), before)) {
    std::stable_sort(ordered.begin(), ordered.end(), before);
  }
  return ordered;
}

std::vector<std::uint32_t> SeedCells::configuration_ranks() const {
  std::vector<std::uint32_t> ranks(names_.size());
  std::uint32_t rank = 0;
  for (const auto& [name, number] : configurations_) ranks[number] = rank++;
  return ranks;
}

std::vector<SeedCells::Cell> SeedCells::cells() const {
  const std::vector<std::uint32_t> ranks = configuration_ranks();
  std::vector<Cell> cells;
  cells.reserve(numbers_.size());
  const auto add = [&](const Number& number) {
    const std::uint32_t configuration = ranks[number.configuration];
    if (cells.empty() || cells.back().configuration != configuration ||
        cells.back().seed != number.seed) {
      if (!cells.empty()) cells.back().mean /= cells.back().count;
      cells.push_back({configuration, number.seed});
    }
    Cell& cell = cells.back();
    cell.mean += number.value;  // the sum, until the next cell begins
    cell.count += 1.0;
    cell.deviation += number.noise.deviation;
    cell.rows = std::max(cell.rows, number.noise.rows);
    cell.unit = number.noise.unit;
    cell.same_rows = cell.same_rows || number.noise.same_rows;
  };
  // Charts add their numbers in order: these need no list of where they lie.
  if (is_ordered(ranks)) {
    for (const Number& number : numbers_) add(number);
  } else {
    for (const Number* number : ordered()) add(*number);
  }
  if (!cells.empty()) cells.back().mean /= cells.back().count;
  return cells;
}

void SeedCells::add_number(const std::string& configuration, const TrialResult& trial,
                           const std::string& domain, const std::string& metric) {
  const auto value = number(trial, domain, metric);
  if (!value) return;
  add(configuration, trial.spec.seed, *value, row_noise(trial, domain, metric, *value));
}

void SeedCells::add_learning(const std::string& configuration, const TrialResult& trial,
                             const std::string& metric) {
  const std::string id = core::stored_domain(core::MeasuredIn::in_distribution);
  const auto score = number(trial, id, metric);
  if (!score) return;
  // A stream has a second phase; to read all of what may be one takes long.
  if (const auto stream =
          number(trial, core::stored_phase(1), metric) ? stream_numbers(trial) : std::nullopt) {
    add(configuration, trial.spec.seed, stream->off_chance(stream->phases - 1),
        row_noise(trial, core::stored_phase(0), metric, *score));
    return;
  }
  add(configuration, trial.spec.seed, learning_scale(trial, id, metric).beyond(*score),
      row_noise(trial, id, metric, *score));
}

std::vector<double> SeedCells::values() const {
  std::vector<double> all;
  all.reserve(numbers_.size());
  for (const Number* number : ordered()) all.push_back(number->value);
  return all;
}

std::vector<BySeed> SeedCells::configurations() const {
  std::vector<BySeed> all(configurations_.size());
  for (const Cell& cell : cells()) all[cell.configuration][cell.seed] = cell.mean;
  return all;
}

std::vector<double> SeedCells::seed_means() const {
  std::map<std::int64_t, std::vector<double>> seeds;
  for (const Cell& cell : cells()) seeds[cell.seed].push_back(cell.mean);
  std::vector<double> means;
  for (const auto& [seed, values] : seeds) means.push_back(mean(values));
  return means;
}

SeedTable SeedCells::table_of(const std::vector<Cell>& cells) {
  SeedTable table;
  table.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0 && cells[i].configuration != cells[i - 1].configuration) table.next_configuration();
    table.add(cells[i].seed, cells[i].mean);
  }
  table.finish();
  return table;
}

namespace {

double total(const MeanNoise& noise) {
  return std::sqrt(noise.own * noise.own + noise.shared * noise.shared);
}

}  // namespace

MeanNoise SeedCells::noise(const std::vector<Cell>& cells, const SeedTable& table) {
  std::vector<double> of_seed(table.seeds());
  double of_all = 0.0;
  const std::size_t configurations = cells.empty() ? 0 : cells.back().configuration + 1;
  for (auto first = cells.begin(); first != cells.end();) {
    const auto last = std::find_if(first, cells.end(), [&](const Cell& cell) {
      return cell.configuration != first->configuration;
    });
    const auto share =
        1.0 / static_cast<double>(configurations * static_cast<std::size_t>(last - first));
    for (; first != last; ++first) {
      const double own = share * first->deviation / first->count;
      const auto place = static_cast<std::size_t>(first - cells.begin());
      (first->same_rows ? of_all : of_seed[table.seed(place)]) += own;
    }
  }
  double variance = 0.0;
  for (const double deviation : of_seed) variance += deviation * deviation;
  return {std::sqrt(variance), of_all};
}

MeanNoise SeedCells::noise_parts() const {
  const std::vector<Cell> all = cells();
  return noise(all, table_of(all));
}

double SeedCells::noise() const { return total(noise_parts()); }

Estimate SeedCells::estimate(const std::string& key, const Range& range) const {
  return estimate_at(kTestLevel, key, range);
}

Estimate SeedCells::estimate_at(double level, const std::string& key, const Range& range) const {
  const std::vector<Cell> all = cells();
  const SeedTable table = table_of(all);
  Estimate estimate = mean_over_seeds(table, key, total(noise(all, table)), level);
  estimate.count = static_cast<std::int64_t>(numbers_.size());
  return confined(estimate, range);
}

double SeedCells::student_p() const { return analysis::student_p(configurations(), noise()); }

SeedCells SeedCells::minus(const SeedCells& others) const {
  std::vector<const std::string*> names;
  for (const auto& [name, number] : configurations_) names.push_back(&name);
  std::vector<const std::string*> other_names;
  for (const auto& [name, number] : others.configurations_) other_names.push_back(&name);
  const auto before = [&](const Cell& other, const Cell& cell) {
    const int order = other_names[other.configuration]->compare(*names[cell.configuration]);
    return order < 0 || (order == 0 && other.seed < cell.seed);
  };
  const std::vector<Cell> theirs = others.cells();
  auto match = theirs.begin();
  SeedCells differences;
  for (const Cell& cell : cells()) {
    while (match != theirs.end() && before(*match, cell)) ++match;
    if (match == theirs.end()) break;
    if (match->seed != cell.seed ||
        *other_names[match->configuration] != *names[cell.configuration])
      continue;
    const double difference = cell.mean - match->mean;
    RowNoise noise = paired_noise(difference / cell.unit, std::min(cell.rows, match->rows),
                                  cell.same_rows && match->same_rows);
    noise.deviation *= cell.unit;
    noise.unit = cell.unit;
    differences.add(*names[cell.configuration], cell.seed, difference, noise);
  }
  return differences;
}

}  // namespace spurion::analysis
