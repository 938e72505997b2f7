#include "cli/training_commands.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "cli/library_beside.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

#if defined(SPURION_STATIC)

std::unique_ptr<TrainingCommands> load_training_commands() {
  throw LogicError("programs of static libraries link what trains");
}

#else

std::unique_ptr<TrainingCommands> load_training_commands() {
  // For all to see, as if it were linked: the record of what made a trial looks for the BLAS that
  // LibTorch uses. Never closed: exceptions and registered things outlive any scope here.
  void* handle = dlopen(library_beside(SPURION_CLI_LIBRARY).c_str(), RTLD_LAZY | RTLD_GLOBAL);
  using Make = TrainingCommands* (*)();
  const auto make =
      handle == nullptr ? nullptr : reinterpret_cast<Make>(dlsym(handle, "spurion_training"));
  if (make == nullptr) {
    throw ResourceError(fmt::format(
        "this command needs LibTorch, and the library that uses it cannot be loaded: {}; "
        "report, compare, check, repair, data, merge, prune and the status of a plan work without "
        "it",
        dlerror()));
  }
  return std::unique_ptr<TrainingCommands>(make());
}

#endif

}  // namespace spurion::cli
