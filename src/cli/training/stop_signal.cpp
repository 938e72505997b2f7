#include "cli/training/stop_signal.hpp"

#include <unistd.h>

#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

// A signal handler can reach nothing but a global; this one is set by it alone.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch such");

void on_signal(int /*signal*/) {
  if (stop_requested.exchange(true)) {
    // What had finished is in the store; unfinished packs are given up.
    constexpr char kText[] = "\nspurion: stopped at once\n";
    static_cast<void>(!write(STDERR_FILENO, kText, sizeof(kText) - 1));
    _exit(static_cast<int>(ExitCode::interrupted));
  }
}

}  // namespace

StopSignal::StopSignal() : interrupt_{}, terminate_{} {
  stop_requested = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &interrupt_);
  sigaction(SIGTERM, &action, &terminate_);
}

StopSignal::~StopSignal() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
}

const std::atomic<bool>& StopSignal::requested() const { return stop_requested; }

}  // namespace spurion::cli
