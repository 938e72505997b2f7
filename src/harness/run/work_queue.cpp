#include "harness/run/work_queue.hpp"

#include <algorithm>

namespace spurion::harness {

namespace {

// A pack costs something besides its arithmetic; keeps the estimate sane for tiny packs.
constexpr double kOverheadFlops = 1e9;

}  // namespace

WorkQueue::WorkQueue(const std::vector<Pack>& packs, Progress progress, Store& store,
                     const RunOptions& options, double memory_bytes)
    : packs_(&packs),
      progress_(progress),
      store_(&store),
      options_(&options),
      memory_bytes_(memory_bytes),
      started_(std::chrono::steady_clock::now()),
      share_(packs.size(), 0.0),
      given_(packs.size(), false) {
  for (const Pack& pack : packs) total_flops_ += pack.flops + kOverheadFlops;
}

std::ptrdiff_t WorkQueue::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    while (first_left_ < packs_->size() && given_[first_left_]) ++first_left_;
    if (failure_ || ending_.load() || first_left_ == packs_->size()) return -1;
    for (std::size_t i = first_left_; i < packs_->size(); ++i) {
      const double bytes = (*packs_)[i].memory_bytes;
      if (given_[i] || (in_use_ > 0.0 && in_use_ + bytes > memory_bytes_)) continue;
      given_[i] = true;
      in_use_ += bytes;
      return static_cast<std::ptrdiff_t>(i);
    }
    changed_.wait(lock);
  }
}

void WorkQueue::advance(std::size_t pack, double share) {
  const std::lock_guard<std::mutex> guard(mutex_);
  set_share(pack, share);
  report();
}

void WorkQueue::set_share(std::size_t pack, double share) {
  done_flops_ += (share - share_[pack]) * ((*packs_)[pack].flops + kOverheadFlops);
  share_[pack] = share;
}

void WorkQueue::finish(std::size_t pack, const std::vector<TrialResult>& results) {
  store_->append(results);
  const std::lock_guard<std::mutex> guard(mutex_);
  set_share(pack, 1.0);
  in_use_ -= (*packs_)[pack].memory_bytes;
  progress_.trials_done += static_cast<std::int64_t>(results.size());
  for (const TrialResult& result : results) {
    progress_.times += result.cost.times;
    progress_.diverged += result.status == Status::diverged ? 1 : 0;
    progress_.failed += result.status == Status::failed ? 1 : 0;
  }
  last_report_ = {};
  report();
  changed_.notify_all();
}

void WorkQueue::fail(std::exception_ptr failure) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!failure_) failure_ = std::move(failure);
  ending_.store(true);
  changed_.notify_all();
}

void WorkQueue::note(const std::string& text) {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::vector<std::string>& notes = progress_.notes;
  if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(text);
}

void WorkQueue::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

void WorkQueue::report() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_report_ < std::chrono::milliseconds(100)) return;
  last_report_ = now;
  // Rounding may leave the sum a little beyond either end.
  progress_.share = total_flops_ > 0.0 ? std::clamp(done_flops_ / total_flops_, 0.0, 1.0) : 1.0;
  progress_.seconds = std::chrono::duration<double>(now - started_).count();
  progress_.seconds_left = progress_.share > 0.005
                               ? progress_.seconds * (1.0 - progress_.share) / progress_.share
                               : -1.0;
  if (options_->progress) options_->progress(progress_);
}

}  // namespace spurion::harness
