#include "analysis/halving.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace spurion::analysis {

namespace {

/// The mean scores over seeds of each sample at the updates at which all its trials were measured;
/// only of samples with a score on each seed.
using SampleScores = std::map<std::int64_t, std::map<std::int64_t, double>>;

SampleScores sample_scores(const std::vector<ScoredUpdates>& trials) {
  std::set<std::int64_t> seeds;
  std::map<std::int64_t, std::vector<const ScoredUpdates*>> samples;
  for (const ScoredUpdates& trial : trials) {
    if (trial.scores.empty()) continue;
    seeds.insert(trial.seed);
    samples[trial.sample].push_back(&trial);
  }
  SampleScores means;
  for (const auto& [sample, own] : samples) {
    if (own.size() < seeds.size()) continue;
    for (const auto& [update, first] : own.front()->scores) {
      double sum = 0.0;
      bool everywhere = true;
      for (const ScoredUpdates* trial : own) {
        const auto found = trial->scores.find(update);
        everywhere = everywhere && found != trial->scores.end();
        if (everywhere) sum += found->second;
      }
      if (everywhere) means[sample][update] = sum / static_cast<double>(own.size());
    }
  }
  return means;
}

/// The updates after the start at which every sample has a score.
std::vector<std::int64_t> common_updates(const SampleScores& samples) {
  std::map<std::int64_t, std::size_t> counts;
  for (const auto& [sample, scores] : samples) {
    for (const auto& [update, score] : scores) ++counts[update];
  }
  std::vector<std::int64_t> common;
  for (const auto& [update, count] : counts) {
    if (update > 0 && count == samples.size()) common.push_back(update);
  }
  return common;
}

/// Of so many samples the updates at which the worse half is left out, and the last.
std::vector<std::int64_t> rungs_of(const std::vector<std::int64_t>& updates, std::size_t samples) {
  const auto last = static_cast<double>(updates.back());
  std::vector<std::int64_t> rungs;
  for (int halvings = static_cast<int>(std::log2(static_cast<double>(samples))); halvings > 0;
       --halvings) {
    const double wanted = std::ldexp(last, -halvings);
    const auto at = std::find_if(updates.begin(), updates.end(), [&](std::int64_t update) {
      return static_cast<double>(update) >= wanted;
    });
    if (rungs.empty() || *at > rungs.back()) rungs.push_back(*at);
  }
  if (rungs.empty() || rungs.back() < updates.back()) rungs.push_back(updates.back());
  return rungs;
}

}  // namespace

std::optional<Halving> halve(const std::vector<ScoredUpdates>& trials) {
  const SampleScores scores = sample_scores(trials);
  const std::vector<std::int64_t> updates = common_updates(scores);
  if (updates.size() < 2) return std::nullopt;
  std::set<std::int64_t> all;
  for (const ScoredUpdates& trial : trials) all.insert(trial.sample);
  std::vector<std::int64_t> alive;
  for (const auto& [sample, own] : scores) alive.push_back(sample);
  double made = 0.0;
  std::int64_t before = 0;
  std::size_t training = all.size();
  for (const std::int64_t rung : rungs_of(updates, all.size())) {
    made += static_cast<double>(training) * static_cast<double>(rung - before);
    before = rung;
    std::stable_sort(alive.begin(), alive.end(), [&](std::int64_t a, std::int64_t b) {
      return scores.at(a).at(rung) > scores.at(b).at(rung);
    });
    if (rung < updates.back()) alive.resize(std::min(alive.size(), (training + 1) / 2));
    training = alive.size();
  }
  const double whole = static_cast<double>(all.size()) * static_cast<double>(updates.back());
  return Halving{alive.front(), made / whole};
}

}  // namespace spurion::analysis
