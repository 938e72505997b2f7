#!/usr/bin/env bash
# From nothing to a first report: installs what is missing, builds, gets Fashion-MNIST, runs the
# suite first_look and writes its report. Run it again to resume or to see the report anew.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/install_dependencies.sh
source "$root/tests/install_dependencies.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"
  exit 0
fi

results=$root/results/first_look
install_dependencies
build_spurion "$root" OFF
say "Installing the image data"
"$root/datasets/install.sh" fashion_mnist
say "Running the suite first_look (about 3 minutes on 2 cores)"
cd -- "$root"
build/spurion run first_look --out results/first_look
build/spurion report results/first_look
say "The report: $results/report.html"
