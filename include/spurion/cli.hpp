#pragma once

#include "spurion/catalog.hpp"

/// \file
/// The command line as a library (`spurion::cli`), so that a program of your own can link plug-ins:
///
///     #include <spurion/cli.hpp>
///     spurion::Plugin my_lab_plugin();
///     int main(int argc, char** argv) {
///       spurion::Catalog catalog = spurion::builtin_catalog();
///       catalog.add(my_lab_plugin());
///       return spurion::cli_main(argc, argv, catalog);
///     }

namespace spurion {

/// Runs the command line `argv` with the things in `catalog` (and those of plug-ins it names) and
/// returns the exit code. Writes to standard output and standard error; throws nothing. While a run
/// is under way SIGINT and SIGTERM ask it to stop.
SPURION_API int cli_main(int argc, const char* const* argv, Catalog catalog);

}  // namespace spurion
