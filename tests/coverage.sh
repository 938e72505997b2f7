#!/usr/bin/env bash
# Prints which share of the lines of src/ the tests run.
#   tests/coverage.sh                    quick: the folders that read results (core, data, image sources, suites,
#                                        stores, analysis, report), by the unit tests. Only they are compiled anew,
#                                        with counters; the tests are those of build/, made by tests/run.sh before.
#   tests/coverage.sh --all [ctest ...]  all of src/, by all tests (or those that the arguments of ctest choose):
#                                        a whole build and slow tests, about twice the time of tests/run.sh
# Wants gcovr and installs it (apt-get) unless SPURION_INSTALL=0.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/install_dependencies.sh
source "$root/tests/install_dependencies.sh"
build=$root/build-coverage
all=0
if [[ ${1:-} == --all ]]; then
  all=1
  shift
fi

spurion_packages+=(gcovr)
install_dependencies
say "Building with counters in $build"
cmake --log-level=NOTICE --preset coverage -S "$root"
if [[ $all == 1 ]]; then
  cmake --build "$build" --parallel "$(build_jobs)"
else
  cmake --build "$build" --parallel "$(build_jobs)" --target spurion_results
fi
find "$build" -name '*.gcda' -delete

say "Running the tests"
if [[ $all == 1 ]]; then
  ctest --test-dir "$build" --output-on-failure --no-tests=error -j "$(nproc)" "$@"
else
  library=$(dirname "$(find "$build" -name 'libspurion_results.so' -print -quit)")
  LD_LIBRARY_PATH=$library ctest --test-dir "$root/build" --output-on-failure --no-tests=error -j "$(nproc)" \
    -R '^unit_(core|data|report|store)$'
fi

say "Lines that these tests run"
gcovr --root "$root" --filter "$root/src/" --object-directory "$build" "$build" >"$build/coverage.txt"
if [[ $all == 1 ]]; then what="all of src/"; else what="the folders that read results"; fi
awk -v what="$what" '/^TOTAL/ { print "coverage of " what ": " $4 " of " $2 " lines" }' "$build/coverage.txt"
echo "by file: $build/coverage.txt"
