#pragma once

#include <string>

namespace spurion::analysis {

/// "worst_group_accuracy" of "worst_group_error"; empty for what is no error. An error that is not
/// stored is 1 minus that accuracy.
std::string accuracy_of_error(const std::string& stored);

}  // namespace spurion::analysis
