#include "analysis/questions/scaling_law/law_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "spurion/error.hpp"

namespace spurion::analysis::questions::scaling_law {

std::vector<std::string> LawOptions::axes() const {
  std::vector<std::string> all;
  for (const std::string* one : {&axis, &second_axis, &third_axis}) {
    if (!one->empty()) all.push_back(*one);
  }
  return all;
}

std::string LawOptions::axes_text() const { return fmt::format("{}", fmt::join(axes(), " and ")); }

std::string LawOptions::what() const {
  if (metric == "gap" && domain == "test") return metric;
  std::string words = metric;
  std::replace(words.begin(), words.end(), '_', ' ');
  return domain == "test" ? words : fmt::format("{} in '{}'", words, domain);
}

MetricRange LawOptions::range(const Study& study, bool accuracy) const {
  return study.metrics().of(metric).range_of(accuracy);
}

fits::ScalingOptions LawOptions::for_fits(double bound) const {
  fits::ScalingOptions fit;
  fit.margin = margin;
  fit.id_margin = id_margin;
  fit.held_out = static_cast<int>(held_out);
  fit.resamples = static_cast<int>(resamples);
  fit.bound = bound;
  fit.level_share = level_share;
  return fit;
}

const Schema<LawOptions>& law_schema() {
  using Options = LawOptions;
  static const auto built =
      Schema<Options>()
          .field("axis", &Options::axis,
                 "The scale: a field of the trials such as \"model.width\" or \"training.rows\".")
          .names(FieldUse::axis)
          .required()
          .field(
              "second_axis", &Options::second_axis,
              "A second scale, for a joint law g_inf + A N^-alpha + B D^-beta and a map of both. "
              "Empty: none.")
          .names(FieldUse::axis)
          .field("third_axis", &Options::third_axis, "A third scale of the joint law. Empty: none.")
          .names(FieldUse::axis)
          .field("metric", &Options::metric,
                 "The number that is followed: one that is 0 where nothing is wrong, such as gap, "
                 "flip_rate or worst_group_error. \"..._error\" is 1 - \"..._accuracy\".")
          .field("domain", &Options::domain, "The domain in which it is measured.")
          .field("margin", &Options::margin,
                 "Margin: a number is closed if its whole interval is within this distance of 0.",
                 positive())
          .field("id_ceiling", &Options::id_ceiling,
                 "The ceiling that the score in distribution must reach. auto: the Bayes ceiling "
                 "for erm, the invariant ceiling for every other method, since it may give up the "
                 "cue. none: training is not judged.",
                 one_of({"auto", "bayes", "invariant", "none"}))
          .field("id_margin", &Options::id_margin,
                 "A distance of the score in distribution from its ceiling that counts as none.",
                 positive())
          .field("held_out", &Options::held_out,
                 "How many of the largest scales laws are chosen by without having seen them. 0: "
                 "1, or 2 of at least 8.",
                 between(0, 10))
          .field("resamples", &Options::resamples,
                 "Resamples of the seeds, each with a fit of its own.", between(50, 100000))
          .field("planted", &Options::planted,
                 "How many curves of each known kind are planted into the noise of the trials, to "
                 "count how often the verdict is right. 0: none.",
                 between(0, 1000))
          .field("primary", &Options::primary,
                 "Whether this is the primary hypothesis of the suite. A suite has at most one.")
          .field("hypothesis", &Options::hypothesis,
                 "The verdict that is expected. The answer says whether it holds. none: nothing is "
                 "expected.",
                 one_of({"none", "closes", "no gap", "shrinks", "plateaus", "grows"}));
  return built;
}

void check(const LawOptions& options) {
  if (options.second_axis.empty() && !options.third_axis.empty()) {
    throw UsageError("'third_axis' needs a 'second_axis'");
  }
  const std::vector<std::string> axes = options.axes();
  if (std::set<std::string>(axes.begin(), axes.end()).size() < axes.size()) {
    throw UsageError("two axes name the same field");
  }
}

}  // namespace spurion::analysis::questions::scaling_law
