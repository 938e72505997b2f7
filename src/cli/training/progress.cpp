#include "cli/training/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/output.hpp"
#include "cli/text.hpp"

namespace spurion::cli {

namespace {

constexpr std::chrono::seconds kBetweenLines{10};

/// Whole percent, 100 only when all is done.
int percent(const Progress& progress) {
  return std::clamp(static_cast<int>(progress.share * 100.0), 0, 100);
}

std::string time_left(const Progress& progress) {
  return progress.seconds_left < 0.0 ? std::string()
                                     : fmt::format("{} left", duration(progress.seconds_left));
}

/// "first_look, look 2 of 3"
std::string titled(const std::string& title, const Progress& progress) {
  return progress.look.empty() ? title : fmt::format("{}, {}", title, progress.look);
}

std::string trials_done(const Progress& progress) {
  return fmt::format("{} of {}", progress.trials_done, count(progress.trials_total, "trial"));
}

}  // namespace

std::string progress_line(const std::string& title, const Progress& progress, int columns) {
  std::string numbers = fmt::format(" {:3} %  {}", percent(progress), trials_done(progress));
  if (progress.diverged + progress.failed > 0) {
    numbers += fmt::format(" ({} diverged or failed)", progress.diverged + progress.failed);
  }
  if (const std::string left = time_left(progress); !left.empty()) numbers += "  " + left;
  // One column stays free: a full line would wrap in some terminals.
  const int room = columns - 1 - static_cast<int>(title.size() + numbers.size()) - 3;
  const int bar = std::min(room, 30);
  if (bar < 5) return (title + numbers).substr(0, static_cast<std::size_t>(columns - 1));
  const int done = static_cast<int>(std::clamp(progress.share, 0.0, 1.0) * bar);
  return fmt::format("{} [{}{}]{}", title, std::string(static_cast<std::size_t>(done), '#'),
                     std::string(static_cast<std::size_t>(bar - done), '-'), numbers);
}

ProgressDisplay::ProgressDisplay(std::string title, const std::atomic<bool>* stopping)
    : title_(std::move(title)),
      stopping_(stopping),
      terminal_(isatty(STDERR_FILENO) != 0),
      written_(std::chrono::steady_clock::now()) {}

ProgressDisplay::~ProgressDisplay() {
  if (drawn_) std::fputc('\n', stderr);
}

void ProgressDisplay::update(const Progress& progress) {
  if (stopping_->load() && !told_stopping_) {
    told_stopping_ = true;
    print(stderr, "{}spurion: stopping; Ctrl-C again ends at once\n", drawn_ ? "\n" : "");
    drawn_ = false;
  }
  if (told_stopping_) return;
  if (terminal_) {
    // Return, then erase to the end: a shorter line leaves nothing of a longer one.
    std::fputs("\r\x1b[K", stderr);
    print(stderr, "{}",
          progress_line(titled(title_, progress), progress, terminal_columns(STDERR_FILENO, 80)));
    std::fflush(stderr);
    drawn_ = true;
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - written_ < kBetweenLines) return;
  written_ = now;
  const std::string left = time_left(progress);
  print(stderr, "{}: {} %, {}{}\n", titled(title_, progress), percent(progress),
        trials_done(progress), left.empty() ? "" : ", " + left);
}

}  // namespace spurion::cli
