#!/usr/bin/env bash
# Prints which share of the lines of src/ the tests run.
#   tests/coverage.sh                    quick: the folders that read results (core, data, image sources, suites,
#                                        stores, analysis, report), by the unit tests. Only they are compiled anew,
#                                        with counters; the tests are those of build/, made by tests/run.sh before.
#   tests/coverage.sh --all [ctest ...]  all of src/, by all tests (or those that the arguments of ctest choose):
#                                        a whole build and slow tests, about twice the time of tests/run.sh
# The quick figure is kept in tests/coverage.txt, which tests/run.sh shows: commit it when it changes much.
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
gcovr --root "$root" --filter "$root/src/" --object-directory "$build" "$build" --csv "$build/coverage.csv"
if [[ $all == 1 ]]; then what="all of src/"; else what="the folders that read results, by their unit tests"; fi
awk -F, -v what="$what" -v commit="$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)" '
  NR > 1 {
    folder = $1
    sub(/^src\//, "", folder)
    if (!sub(/\/[^\/]*$/, "", folder)) folder = "."
    total[folder] += $2; run[folder] += $3; all_total += $2; all_run += $3
  }
  END {
    if (all_total == 0) exit 1
    printf "coverage of %s: %.1f %% of %d lines (commit %s)\n", what, 100 * all_run / all_total, all_total, commit
    for (folder in total)
      if (total[folder] > 0)
        printf "%5.1f %%  %5d lines  src/%s\n", 100 * run[folder] / total[folder], total[folder], folder | "sort -k4"
  }' "$build/coverage.csv" | tee "$build/coverage.txt"
if [[ $all == 0 ]]; then cp "$build/coverage.txt" "$root/tests/coverage.txt"; fi
echo "by file: $build/coverage.csv"
