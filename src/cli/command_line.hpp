#pragma once

#include <memory>

#include "cli/training_commands.hpp"
#include "spurion/export.hpp"

namespace spurion::cli {

/// Runs the command line `argv` and returns the exit code. `training`: what its commands that train
/// work with; null: loaded once a command asks for it. Writes to standard output and standard
/// error; throws nothing.
SPURION_API int command_line(int argc, const char* const* argv,
                             std::unique_ptr<TrainingCommands> training);

}  // namespace spurion::cli
