#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test; arguments go to ctest:
#   tests/run.sh                 everything
#   tests/run.sh -L unit         one label
#   tests/run.sh -R idx          tests by name
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/install_dependencies.sh
source "$root/tests/install_dependencies.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"
  exit 0
fi

spurion_packages+=(doxygen) # for the check that every public name is documented
install_dependencies
say "Installing the image data that tests use"
"$root/datasets/install.sh" fashion_mnist
build_spurion "$root" ON
say "Running the tests"
ctest --test-dir "$root/build" --output-on-failure --no-tests=error -j "$(nproc)" "$@"
