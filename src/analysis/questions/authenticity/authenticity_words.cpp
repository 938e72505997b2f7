#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/questions/authenticity/authenticity_answer.hpp"
#include "core/counted.hpp"
#include "core/measurement_names.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::questions::authenticity {

namespace {

/// More lines than these are told by probe, not one by one.
constexpr std::size_t kMostLinesInWords = 12;

std::string verdict_words(AuthenticityVerdict verdict) {
  switch (verdict) {
    case AuthenticityVerdict::authentic:
      return "is authentic: it ranks models as the truth does";
    case AuthenticityVerdict::partly_authentic:
      return "is partly authentic: it ranks models in the order of the truth more often than not";
    case AuthenticityVerdict::blind_to_cue:
      return "is blind to the cue";
    case AuthenticityVerdict::reversed:
      return "is reversed: it calls models clean that rely on the cue more";
    case AuthenticityVerdict::not_shown:
      return "is not shown to agree with the truth or to be blind";
    case AuthenticityVerdict::nothing_to_rank:
      return "has nothing to rank: the models rely on the cue about alike";
  }
  throw LogicError("unknown verdict on a probe");
}

std::string reassurance_words(const ProbeMistakes& mistakes) {
  if (mistakes.said == 0) return "It calls no model clean.";
  return fmt::format("Of {} that it calls clean, {} {} confused.",
                     core::counted(mistakes.said, "model"), mistakes.wrong,
                     core::is_or_are(mistakes.wrong));
}

std::string line_words(const ProbeLine& line, std::size_t family) {
  const std::string tau =
      line.tau.count > 0 ? fmt::format(" (tau {})", show(line.tau, 2)) : std::string();
  const std::string alone =
      line.verdict == line.alone
          ? std::string()
          : fmt::format(" The verdict '{}' is shown alone, but not as one of {} of the suite.",
                        authenticity_verdict_name(line.alone), family);
  return fmt::format("{} {}{}.{} {}\n", line.name, verdict_words(line.verdict), tau, alone,
                     reassurance_words(line.reassurance));
}

std::string trend_words(const AgreementTrend& trend, const std::string& axis, std::size_t family) {
  const std::string places =
      fmt::format("from {} = {} to {}", axis, trend.first.text, trend.last.text);
  if (trend.change.count == 0) {
    return fmt::format("Of {} nothing tells how the agreement changes {}.\n", trend.name, places);
  }
  if (trend.outcome == AgreementChange::not_shown) {
    const bool alone = trend.change.low > 0.0 || trend.change.high < 0.0;
    const std::string refused =
        alone ? fmt::format(" It is shown alone, but not as one of {} of the suite.", family)
              : std::string();
    return fmt::format("No change of the agreement of {} is shown {}: {}.{}\n", trend.name, places,
                       show(trend.change, 2), refused);
  }
  return fmt::format("The agreement of {} {} {}, by {}.\n", trend.name,
                     trend.outcome == AgreementChange::rises ? "rises" : "falls", places,
                     show(trend.change, 2));
}

/// The label of the probe that a line is about; of another number its name.
std::string label_of(const ProbeLine& line) {
  const auto key = core::parse_probe(line.probe);
  return key ? key->label : line.probe;
}

/// "2 authentic, 1 blind to the cue": verdicts that there are, in the order of the enumeration.
std::string counted_verdicts(const std::vector<const ProbeLine*>& lines) {
  std::map<AuthenticityVerdict, int> counts;
  for (const ProbeLine* line : lines) ++counts[line->verdict];
  std::vector<std::string> parts;
  for (const auto& [verdict, count] : counts) {
    parts.push_back(fmt::format("{} {}", count, authenticity_verdict_name(verdict)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// All verdicts of the answer in one sentence, and all changes along the axis in another.
std::string summary_words(const AuthenticityFindings& findings) {
  std::vector<const ProbeLine*> lines;
  std::set<std::string> probes;
  for (const ProbeLine& line : findings.found.lines) {
    lines.push_back(&line);
    probes.insert(label_of(line));
  }
  std::string text = fmt::format("{} {} {}: {}.\n", core::counted(probes.size(), "probe"),
                                 probes.size() == 1 ? "gets" : "get",
                                 core::counted(lines.size(), "verdict"), counted_verdicts(lines));
  const std::vector<AgreementTrend>& trends = findings.found.trends;
  if (trends.empty()) return text;
  const auto count = [&](AgreementChange outcome) {
    return std::count_if(trends.begin(), trends.end(),
                         [&](const AgreementTrend& one) { return one.outcome == outcome; });
  };
  return text + fmt::format(
                    "Along {} the agreement with the truth is shown to rise in {} of {}, "
                    "and to fall in {}.\n",
                    findings.options.axis, count(AgreementChange::rises),
                    core::counted(trends.size(), "comparison"), count(AgreementChange::falls));
}

/// What all lines of one probe say.
std::string probe_words(const std::string& label, const std::vector<const ProbeLine*>& lines) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  std::int64_t said = 0;
  std::int64_t wrong = 0;
  for (const ProbeLine* line : lines) {
    said += line->reassurance.said;
    wrong += line->reassurance.wrong;
    if (line->tau.count == 0) continue;
    low = std::min(low, line->tau.value);
    high = std::max(high, line->tau.value);
  }
  std::string text = fmt::format("{}: {}", label, counted_verdicts(lines));
  if (low <= high) text += fmt::format(" (tau {:.2f} to {:.2f})", low, high);
  if (said == 0) return text + ". It calls no model clean.\n";
  return text +
         fmt::format(". It calls a model clean in {}; in {} of them the model is confused.\n",
                     core::counted(said, "case"), wrong);
}

/// A sentence for each probe, and for each change that is shown.
std::string words_by_probe(const AuthenticityFindings& findings) {
  std::string text;
  for (const AgreementTrend& trend : findings.found.trends) {
    if (trend.outcome == AgreementChange::not_shown) continue;
    text += trend_words(trend, findings.options.axis, findings.family);
  }
  std::map<std::string, std::vector<const ProbeLine*>> probes;
  std::int64_t refused = 0;
  for (const ProbeLine& line : findings.found.lines) {
    probes[label_of(line)].push_back(&line);
    refused += line.verdict == line.alone ? 0 : 1;
  }
  for (const auto& [label, lines] : probes) text += probe_words(label, lines);
  if (refused > 0) {
    text += fmt::format("{} would be stronger alone than as one of {} of the suite.\n",
                        core::counted(refused, "verdict"), findings.family);
  }
  return text + "The table shows each verdict. ";
}

}  // namespace

std::string authenticity_sentence(const AuthenticityFindings& findings) {
  std::string text = summary_words(findings);
  const std::vector<ProbeLine>& lines = findings.found.lines;
  if (lines.size() > kMostLinesInWords) return text + words_by_probe(findings);
  for (const AgreementTrend& trend : findings.found.trends) {
    text += trend_words(trend, findings.options.axis, findings.family);
  }
  for (const ProbeLine& line : lines) text += line_words(line, findings.family);
  return text;
}

}  // namespace spurion::analysis::questions::authenticity
