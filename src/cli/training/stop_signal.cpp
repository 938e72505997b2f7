#include "cli/training/stop_signal.hpp"

#include <unistd.h>

#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

// A signal handler can reach nothing but a global; this one is set by it alone.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch such");

// A batch system tells that time is nearly over, and later that it is.
std::atomic<bool> warned{false};

void on_signal(int signal) {
  if (signal == SIGUSR1) warned = true;
  if (stop_requested.exchange(true)) {
    if (warned.exchange(false) || signal == SIGUSR1) return;
    // What had finished is in the store; unfinished packs are given up.
    constexpr char kText[] = "\nspurion: stopped at once\n";
    static_cast<void>(!write(STDERR_FILENO, kText, sizeof(kText) - 1));
    _exit(static_cast<int>(ExitCode::interrupted));
  }
}

}  // namespace

StopSignal::StopSignal() : interrupt_{}, terminate_{}, warn_{} {
  stop_requested = false;
  warned = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &interrupt_);
  sigaction(SIGTERM, &action, &terminate_);
  sigaction(SIGUSR1, &action, &warn_);
}

StopSignal::~StopSignal() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
  sigaction(SIGUSR1, &warn_, nullptr);
}

const std::atomic<bool>& StopSignal::requested() const { return stop_requested; }

}  // namespace spurion::cli
