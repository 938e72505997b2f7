#!/usr/bin/env bash
# tests/coverage.sh [BUILD_DIR [ctest arguments]]: builds with the preset "coverage", runs tests and prints which share
# of the lines of src/ they run. Without arguments: the unit tests, which take about a quarter of the time of all.
#   tests/coverage.sh                       the unit tests
#   tests/coverage.sh build-coverage -L cli one label
#   tests/coverage.sh build-coverage -L .   everything
# Wants gcovr (apt-get install gcovr); SPURION_INSTALL=0 keeps it from being installed.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/install_dependencies.sh
source "$root/tests/install_dependencies.sh"
build=${1:-$root/build-coverage}
[[ $# == 0 ]] || shift
[[ $# -gt 0 ]] || set -- -L unit

spurion_packages+=(gcovr)
install_dependencies
say "Building with coverage in $build"
cmake --log-level=NOTICE --preset coverage -S "$root" -B "$build"
cmake --build "$build" --parallel "$(build_jobs)"
find "$build" -name '*.gcda' -delete
say "Running the tests"
ctest --test-dir "$build" --output-on-failure --no-tests=error -j "$(nproc)" "$@"
say "Lines of src/ that these tests run"
gcovr --root "$root" --filter 'src/' --exclude-unreachable-branches --print-summary "$build" | tee "$build/coverage.txt" |
  tail -n 4
echo "by file: $build/coverage.txt"
