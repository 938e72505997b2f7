#include "environments/shared/door_beliefs.hpp"

#include <algorithm>
#include <cmath>

namespace spurion::environments {

double DoorLaw::observation_weight() const { return std::log((1.0 - eps_obs) / eps_obs); }

double DoorLaw::action_weight() const { return std::log(good() / other()); }

DoorLaw DoorLaw::blurred(double share) const {
  DoorLaw law = *this;
  const auto count = static_cast<double>(doors);
  law.eps_exp = (1.0 - share) * eps_exp + share * (count - 1.0) / count;
  return law;
}

std::vector<double> door_posterior(const DoorLaw& law, const DoorHistory& history,
                                   PastActions past) {
  const double observed = law.observation_weight();
  const double acted = past == PastActions::evidence ? law.action_weight() : 0.0;
  std::vector<double> belief(history.opened.size());
  for (std::size_t d = 0; d < belief.size(); ++d) {
    belief[d] = observed * history.evidence[d] + acted * history.opened[d];
  }
  const double largest = *std::max_element(belief.begin(), belief.end());
  double sum = 0.0;
  for (double& one : belief) {
    one = std::exp(one - largest);
    sum += one;
  }
  for (double& one : belief) one /= sum;
  return belief;
}

std::vector<double> next_expert_action(const DoorLaw& law, const std::vector<double>& posterior) {
  std::vector<double> action(posterior.size());
  const double lead = law.good() - law.other();
  for (std::size_t d = 0; d < action.size(); ++d) action[d] = law.other() + lead * posterior[d];
  return action;
}

double next_observation(const DoorLaw& law, const std::vector<double>& posterior,
                        std::int64_t door) {
  const double good = posterior[static_cast<std::size_t>(door)];
  return good * (1.0 - law.eps_obs) + (1.0 - good) * law.eps_obs;
}

double latching_boundary(const DoorLaw& law) { return law.other() / (law.good() + law.other()); }

}  // namespace spurion::environments
