#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace spurion::tests {

/// How a command ended and what it said.
struct Finished {
  int code = -1;  ///< exit code; 128 + signal when a signal ended it, as shells have it
  std::string out;
  std::string err;
};

/// A command that runs beside the test.
class Background {
 public:
  Background(pid_t process, std::filesystem::path out, std::filesystem::path err)
      : process_(process), out_(std::move(out)), err_(std::move(err)) {}
  Background(Background&& other) noexcept;
  /// Kills it if nobody waited.
  ~Background();

  void send(int signal) const;
  /// Waits for its end.
  Finished wait();
  /// What it wrote to standard error so far.
  [[nodiscard]] std::string err() const;

 private:
  pid_t process_;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

/// How a `Shell` starts `spurion`.
enum class Start {
  copy,    ///< `cli_main` in a copy of the test's process, which has LibTorch: in no time
  program  ///< the program itself, which needs a second to load LibTorch
};

/// Runs `spurion` in a folder of its own that goes away with the object. There is no image data
/// unless the test says where. `Start::program` is for what a copy of the test's process cannot
/// show: how the program starts, what it reads from the environment while it is loaded, its memory,
/// and files of a store that the test holds open.
class Shell {
 public:
  explicit Shell(Start how = Start::copy);

  Finished run(const std::vector<std::string>& arguments) { return start(arguments).wait(); }
  Background start(const std::vector<std::string>& arguments);
  /// For what is started from now on.
  void set(const std::string& variable, const std::string& value) { variables_[variable] = value; }
  /// The program to run instead of `spurion`.
  void use(const std::filesystem::path& program) { program_ = program; }
  [[nodiscard]] const std::filesystem::path& program() const { return program_; }

  [[nodiscard]] std::filesystem::path path(const std::string& name) const {
    return folder_.path() / name;
  }
  /// Writes a file in the folder.
  void write(const std::string& name, const std::string& text) const;

 private:
  TemporaryFolder folder_;
  Start how_;
  std::filesystem::path program_;
  std::map<std::string, std::string> variables_;
  int started_ = 0;
};

std::string read_file(const std::filesystem::path& file);

/// A suite of the two-bit world: `trials` trials of `steps` steps, quick when `steps` is small.
std::string toy_suite(int trials, int steps);

/// Everything a store holds that two runs of one suite must agree on, one trial a line: not what is
/// informative only (seconds, batch sizes).
std::string store_content(const std::filesystem::path& folder);

}  // namespace spurion::tests
