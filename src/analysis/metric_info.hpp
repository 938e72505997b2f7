#pragma once

#include <string>

namespace spurion::analysis {

/// What a stored number is, for the dictionary beside the files.
struct MetricInfo {
  std::string meaning;
  std::string unit;
  std::string range;
};

/// Of a metric; of one that spurion does not know, such as a plug-in's, little is said.
MetricInfo metric_info(const std::string& metric);
/// What a domain is: "the test domain".
std::string domain_info(const std::string& domain);

}  // namespace spurion::analysis
