#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "cli/training/description.hpp"
#include "nouns/cue_inputs.hpp"
#include "nouns/cue_scale.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kNotedRows = 256;

/// Which inputs carry a cue, for probes that are told so.
std::string carrier_text(const Environment& environment, const std::string& cue) {
  try {
    const CueInputs carried = nouns::cue_inputs_of(environment, cue);
    if (carried.between_channels) {
      return fmt::format("The differences between the channels of an image carry the cue '{}'.",
                         cue);
    }
    const std::string count =
        fmt::format("{} of {} inputs carry the cue '{}'", carried.mask.sum().item<std::int64_t>(),
                    carried.mask.numel(), cue);
    return carried.leaves_something()
               ? count + "."
               : count + ": probes that compare them with the others are refused.";
  } catch (const UsageError& error) {
    return error.what();
  }
}

}  // namespace

std::vector<std::string> cue_notes(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  std::vector<std::string> notes;
  if (info.task == Task::regression) return notes;
  for (const std::string& cue : info.every_cue()) notes.push_back(carrier_text(environment, cue));
  const Domain domain = environment.train_domains().front();
  const RowRange rows{0, std::min(kNotedRows, environment.row_limit(domain, Split::train))};
  try {
    (void)nouns::CueScale(info, environment.sample(domain, Split::train, rows));
  } catch (const UsageError& error) {
    notes.push_back(fmt::format("{}: probes that need it are refused.", error.what()));
  }
  return notes;
}

}  // namespace spurion::cli
