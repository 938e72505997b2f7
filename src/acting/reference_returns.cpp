#include "acting/reference_returns.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "spurion/error.hpp"

namespace spurion::acting {

Ceiling simulated_return(const InteractiveEnvironment& world, const Domain& domain,
                         ReferencePolicy policy, std::int64_t episodes) {
  SPURION_CHECK(episodes >= 2, "a standard error needs two episodes");
  // Numbers far beyond those of evaluations, so that they share no noise.
  constexpr std::int64_t kFirst = std::int64_t{1} << 32;
  constexpr std::int64_t kSide = 4096;
  const EpisodePlace place{domain, Split::test};
  const double discount = world.acting().discount;
  double sum = 0.0;
  double squares = 0.0;
  std::vector<float> rewards;
  for (std::int64_t done = 0; done < episodes; done += kSide) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = done; i < std::min(done + kSide, episodes); ++i) {
      numbers.push_back(kFirst + i);
    }
    Episodes running = world.reset(place, numbers);
    std::vector<double> returns(numbers.size(), 0.0);
    double weight = 1.0;
    while (!running.all_done()) {
      world.step(place, world.act(policy, place, running), running, rewards);
      for (std::size_t i = 0; i < returns.size(); ++i) {
        returns[i] += weight * static_cast<double>(rewards[i]);
      }
      weight *= discount;
    }
    for (const double one : returns) {
      sum += one;
      squares += one * one;
    }
  }
  const auto count = static_cast<double>(episodes);
  const double mean = sum / count;
  const double variance = std::max(0.0, (squares - count * mean * mean) / (count - 1.0));
  return {mean, Exactness::empirical, 5.0 * std::sqrt(variance / count)};
}

}  // namespace spurion::acting
