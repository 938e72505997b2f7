#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <vector>

#include "spurion/run.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

/// Packs handed out to workers, and what they say back.
class WorkQueue {
 public:
  /// `memory_bytes`: of all packs that run at once.
  WorkQueue(const std::vector<Pack>& packs, Progress progress, Store& store,
            const RunOptions& options, double memory_bytes);

  /// Index of the next pack that fits beside those that run, or -1 when there is none or the run is
  /// ending. Waits while none fits.
  std::ptrdiff_t next();
  void advance(std::size_t pack, double share);
  /// Stores the results of a pack.
  void finish(std::size_t pack, const std::vector<TrialResult>& results);
  void fail(std::exception_ptr failure);
  /// What the user should know; the same is told once.
  void note(const std::string& text);
  [[nodiscard]] const std::atomic<bool>* ending() const { return &ending_; }
  void rethrow() const;
  [[nodiscard]] Progress progress() const { return progress_; }

 private:
  void report();
  void set_share(std::size_t pack, double share);

  const std::vector<Pack>* packs_;
  Progress progress_;
  Store* store_;
  const RunOptions* options_;
  double memory_bytes_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point last_report_;
  std::vector<double> share_;
  std::vector<bool> given_;
  std::size_t first_left_ = 0;  ///< packs before it were given out
  double in_use_ = 0.0;         ///< memory of the packs that run
  double total_flops_ = 0.0;
  double done_flops_ = 0.0;  ///< of the shares of all packs
  std::mutex mutex_;
  std::condition_variable changed_;
  std::exception_ptr failure_;
  std::atomic<bool> ending_{false};
};

}  // namespace spurion::harness
