#include "spurion/work_times.hpp"

#include <fmt/format.h>

namespace spurion {

WorkTimes& WorkTimes::operator+=(const WorkTimes& other) {
  training += other.training;
  data += other.data;
  evaluation += other.evaluation;
  rest += other.rest;
  return *this;
}

WorkTimes WorkTimes::operator*(double factor) const {
  return {training * factor, data * factor, evaluation * factor, rest * factor};
}

std::string work_shares(const WorkTimes& times) {
  const double total = times.total();
  if (!(total > 0.0)) return {};
  const auto percent = [total](double part) { return 100.0 * part / total; };
  return fmt::format("training {:.0f} %, data {:.0f} %, evaluation {:.0f} %, rest {:.0f} %",
                     percent(times.training), percent(times.data), percent(times.evaluation),
                     percent(times.rest));
}

}  // namespace spurion
