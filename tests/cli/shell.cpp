#include "cli/shell.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "spurion/catalog.hpp"
#include "spurion/cli.hpp"
#include "spurion/store.hpp"

namespace spurion::tests {

namespace {

void redirect(const std::filesystem::path& file, int descriptor) {
  const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(126);
  close(opened);
}

/// What `main` of the program does, in a child that has left the test behind.
[[noreturn]] void run_copy(const std::vector<char*>& argv) {
  // Catch2 has handlers of its own.
  for (const int signal : {SIGINT, SIGTERM, SIGABRT, SIGFPE, SIGILL, SIGSEGV}) {
    std::signal(signal, SIG_DFL);
  }
  const int code = cli_main(static_cast<int>(argv.size()) - 1, argv.data(), builtin_catalog());
  std::fflush(nullptr);
  _exit(code);
}

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  std::ifstream input(file, std::ios::binary);
  std::ostringstream text;
  text << input.rdbuf();
  return text.str();
}

Background::Background(Background&& other) noexcept
    : process_(other.process_), out_(std::move(other.out_)), err_(std::move(other.err_)) {
  other.process_ = -1;
}

Background::~Background() {
  if (process_ > 0) {
    send(SIGKILL);
    wait();
  }
}

void Background::send(int signal) const { kill(process_, signal); }

std::string Background::err() const { return read_file(err_); }

Finished Background::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, read_file(out_), read_file(err_)};
}

Shell::Shell(Start how) : how_(how), program_(SPURION_CLI) {
  set("SPURION_DATA", path("no_data").string());
  set("SPURION_SUITES", "");
}

Background Shell::start(const std::vector<std::string>& arguments) {
  const int number = started_++;
  const auto out = path(fmt::format("stdout.{}", number));
  const auto err = path(fmt::format("stderr.{}", number));
  std::vector<std::string> words = {program_.filename().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // What the test has not written yet is not the child's to write.
  std::cout.flush();
  std::fflush(nullptr);
  // A signal that comes before the child runs the program is not one for the handlers of the tests.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t process = fork();
  if (process == 0) {
    for (const int one : {SIGTERM, SIGINT, SIGUSR1, SIGSEGV, SIGABRT, SIGFPE, SIGILL}) {
      std::signal(one, SIG_DFL);
    }
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (process < 0) throw std::runtime_error("cannot fork");
  if (process == 0) {
    if (chdir(folder_.path().c_str()) != 0) _exit(126);
    for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
    redirect("/dev/null", STDIN_FILENO);
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    if (how_ == Start::copy && program_ == SPURION_CLI) run_copy(argv);
    execv(program_.c_str(), argv.data());
    _exit(127);
  }
  return {process, out, err};
}

void Shell::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name)) << text;
}

std::string toy_suite(int trials, int steps) {
  return fmt::format(R"toml(
name = "toy"
seeds = {}
[defaults]
environment = {{ name = "two_bit" }}
model = {{ name = "mlp", width = 8, depth = 1 }}
regime = {{ name = "offline" }}
training = {{ steps = {}, rows = 33, batch = 11 }}
evaluation = {{ rows = 101, training_rows = 33 }}
[[experiment]]
name = "grid"
[experiment.grid]
method = [{{ name = "erm" }}, {{ name = "irm_v1", anneal_steps = 3 }}]
[[question]]
text = "Which method does better?"
kind = "compare_methods"
experiment = "grid"
)toml",
                     trials / 2, steps);
}

std::string store_content(const std::filesystem::path& folder) {
  std::string text;
  for (const TrialResult& trial : read_results(folder).trials) {
    text += fmt::format("{} {} {} {} {} {} {} {}", trial.spec.experiment, trial.spec.id(),
                        status_name(trial.status), trial.message, trial.cost.flops,
                        trial.cost.steps, trial.cost.rows_seen, trial.cost.labels_used);
    for (const Measurement& row : trial.measurements) {
      // {:a}: every bit.
      text += fmt::format(" {}/{}/{}/{:a}/{}={:a}", row.phase, row.step, row.domain, row.shift,
                          row.metric, row.value);
    }
    text += '\n';
  }
  return text;
}

}  // namespace spurion::tests
