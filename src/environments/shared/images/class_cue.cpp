#include "environments/shared/images/class_cue.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "environments/shared/ceilings/tie_rules.hpp"

namespace spurion::environments {

namespace {

/// The best answers in a situation, ties shared evenly: for each label, how often it is given.
/// Empty where the situation does not occur.
std::vector<double> best_answers(int classes, const std::function<double(int label)>& weight) {
  std::vector<double> weights;
  for (int label = 0; label < classes; ++label) weights.push_back(weight(label));
  const double best = *std::max_element(weights.begin(), weights.end());
  if (best <= 0.0) return {};
  const auto as_good = [&](double one) { return first_is_better(best, one) == 0.5; };
  const auto ties = static_cast<double>(std::count_if(weights.begin(), weights.end(), as_good));
  for (double& one : weights) one = as_good(one) ? 1.0 / ties : 0.0;
  return weights;
}

}  // namespace

double ClassCue::cell(int image_class, int cue, int label, double shift) const {
  const auto others = static_cast<double>(options_.classes - 1);
  const double noise = options_.label_noise;
  const int followed = options_.follows_class ? image_class : label;
  return (label == image_class ? 1.0 - noise : noise / others) *
         (cue == followed ? 1.0 - shift : shift / others) / static_cast<double>(options_.classes);
}

Ceilings ClassCue::ceilings(double shift, double train_shift) const {
  const int classes = options_.classes;
  double bayes = 0.0;
  double erm = 0.0;
  bool erm_known = true;
  for (int image_class = 0; image_class < classes; ++image_class) {
    for (int cue = 0; cue < classes; ++cue) {
      const auto here =
          best_answers(classes, [&](int label) { return cell(image_class, cue, label, shift); });
      if (here.empty()) continue;
      const auto in_training = best_answers(
          classes, [&](int label) { return cell(image_class, cue, label, train_shift); });
      erm_known = erm_known && !in_training.empty();
      for (int label = 0; label < classes; ++label) {
        const auto at = static_cast<std::size_t>(label);
        const double share = cell(image_class, cue, label, shift);
        bayes += share * here[at];
        if (!in_training.empty()) erm += share * in_training[at];
      }
    }
  }
  double cue_only = 0.0;
  for (int cue = 0; cue < classes; ++cue) {
    const auto share = [&](int label, double where) {
      double sum = 0.0;
      for (int image_class = 0; image_class < classes; ++image_class) {
        sum += cell(image_class, cue, label, where);
      }
      return sum;
    };
    const auto in_training =
        best_answers(classes, [&](int label) { return share(label, train_shift); });
    for (int label = 0; label < classes; ++label) {
      cue_only += share(label, shift) * in_training[static_cast<std::size_t>(label)];
    }
  }
  const double noise = options_.label_noise;
  Ceilings out;
  out.bayes = {bayes, Exactness::enumerated, 0.0};
  out.invariant = {std::max(1.0 - noise, noise / static_cast<double>(classes - 1)),
                   Exactness::closed_form, 0.0};
  out.spurious_only = {cue_only, Exactness::enumerated, 0.0};
  out.chance = 1.0 / static_cast<double>(classes);
  if (erm_known) out.population_erm = Ceiling{erm, Exactness::enumerated, 0.0};
  return out;
}

}  // namespace spurion::environments
