#include "harness/store/trial_copies.hpp"

#include <fmt/format.h>

#include <cmath>

#include "harness/store/same_data.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// Whether two trials measured the same, to the bit.
bool same_numbers(const Measurements& a, const Measurements& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const MeasurementRow left = a[i];
    const MeasurementRow right = b[i];
    const bool same_value =
        left.value == right.value || (std::isnan(left.value) && std::isnan(right.value));
    if (!same_value || left.phase != right.phase || left.step != right.step ||
        left.domain != right.domain || left.metric != right.metric) {
      return false;
    }
  }
  return true;
}

}  // namespace

void refuse_unequal(const TrialId& id, const MadeCopy& first, const MadeCopy& second) {
  std::string reason;
  if (first.made_by && second.made_by) {
    for (const ProvenanceDifference& one : differences(*first.made_by, *second.made_by)) {
      reason += fmt::format("{}{}", reason.empty() ? " (" : "; ", one.text);
    }
    if (!reason.empty()) reason += ")";
  }
  throw StoreError(
      fmt::format("trial {} has other numbers in '{}' than in '{}'{}; move one of the two files "
                  "out of the folder",
                  id.text(), first.file, second.file, reason));
}

void check_same_trial(const TrialId& id, const TrialCopy& first, const TrialCopy& second) {
  const TrialResult& a = first.result;
  const TrialResult& b = second.result;
  if (a.made_by && b.made_by) {
    check_same_data(a.made_by->data, fmt::format("'{}'", first.file), b.made_by->data,
                    fmt::format("'{}'", second.file));
  }
  if (a.status == b.status && same_numbers(a.measurements, b.measurements)) return;
  refuse_unequal(id, {first.file, a.made_by}, {second.file, b.made_by});
}

}  // namespace spurion::harness
