#pragma once

#include <string>

#include "spurion/catalog.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

struct DryRunOptions {
  std::string out;
  std::int64_t max_replicas = 32;
  std::int64_t jobs = 0;      ///< 0: as many as a run has by itself
  double memory_bytes = 0.0;  ///< of all workers together; 0: half of RAM
  Device device = c10::kCPU;
};

/// Prints what a run of the suite would do. Runs nothing, writes nothing.
void print_dry_run(const Suite& suite, const Catalog& catalog, const DryRunOptions& options);

}  // namespace spurion::cli
