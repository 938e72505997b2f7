#include "report/curves.hpp"

#include <fmt/format.h>

#include <ostream>
#include <set>
#include <string>
#include <utility>

#include "report/event_file.hpp"
#include "report/whole_file.hpp"

namespace spurion::report {

namespace {

/// Whether it was measured after more than one number of updates. What is known before training,
/// such as ceilings, stands at step 0 and makes no curve.
bool has_curve(const TrialResult& trial) {
  std::set<std::pair<std::int64_t, std::int64_t>> places;
  for (const MeasurementRow row : trial.measurements) {
    if (row.step > 0) places.emplace(row.phase, row.step);
    if (places.size() > 1) return true;
  }
  return false;
}

bool is_stream(const TrialResult& trial) {
  for (const MeasurementRow row : trial.measurements) {
    if (row.phase > 0) return true;
  }
  return false;
}

void write_trial(const TrialResult& trial, std::ostream& file) {
  file << first_event();
  const bool stream = is_stream(trial);
  for (const MeasurementRow row : trial.measurements) {
    const std::string tag = fmt::format(
        "{}{}/{}", stream ? fmt::format("phase_{}/", row.phase) : "", row.domain, row.metric);
    file << scalar_event(tag, row.step, row.value);
  }
}

}  // namespace

WrittenCurves write_curves(const StoredResults& results, const std::filesystem::path& folder) {
  WrittenCurves written;
  WholeFiles files;
  for (const TrialResult& trial : results.trials) {
    if (!has_curve(trial)) {
      ++written.single;
      continue;
    }
    if (written.trials == 0) files.make_folder(folder);
    const std::filesystem::path own = folder / trial.spec.experiment /
                                      fmt::format("{}_seed_{}_{}", trial.spec.method.name,
                                                  trial.spec.seed, trial.spec.id().substr(0, 12));
    files.make_folder(folder / trial.spec.experiment);
    files.make_folder(own);
    write_trial(trial, files.begin(own / "events.out.tfevents.spurion"));
    ++written.trials;
  }
  files.keep();
  return written;
}

}  // namespace spurion::report
