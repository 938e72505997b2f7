#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; arguments go to ctest:
#   tests/run.sh                 everything
#   tests/run.sh -L unit         one label
#   tests/run.sh -R idx          tests by name
# With SPURION_SLURM=1 it installs Slurm for the test that submits to one; else that test is skipped where Slurm is
# not installed.
# With SPURION_WITH_PYTHON=1 the packages of the Python module are installed too, so that it is built and tested.
# With SPURION_COVERAGE=1 it measures the coverage of the folders that read results too, which takes four
# minutes; otherwise it shows the figure measured last.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/install_dependencies.sh
source "$root/tests/install_dependencies.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,10s/^# //p' "${BASH_SOURCE[0]}"
  exit 0
fi

if [[ ${SPURION_WITH_PYTHON:-0} == 1 ]]; then
  spurion_packages+=(python3-dev pybind11-dev python3-numpy python3-torch)
fi
spurion_packages+=(doxygen) # for the check that every public name is documented
if [[ ${SPURION_SLURM:-0} == 1 ]]; then spurion_packages+=(munge slurm-wlm); fi
install_dependencies
say "Installing the image data that tests use"
"$root/datasets/install.sh" fashion_mnist
SECONDS=0
build_spurion "$root" ON
built=$SECONDS
say "Running the tests"
failed=0
ctest --test-dir "$root/build" --output-on-failure --no-tests=error -j "$(nproc)" "$@" || failed=$?
say "Building took $built s, testing $((SECONDS - built)) s"
if [[ ${SPURION_COVERAGE:-0} == 1 && $failed == 0 ]]; then
  "$root/tests/coverage.sh"
elif [[ -e $root/tests/coverage.txt ]]; then
  echo "measured last: $(head -n 1 "$root/tests/coverage.txt")"
fi
exit "$failed"
