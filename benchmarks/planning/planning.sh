#!/usr/bin/env bash
# Writes benchmarks/planning/README.md: what a run of 10^4 to 10^7 trials on 10^2 to 10^5 cores takes, and what
# breaks first. It needs Python 3 and nothing else.
#   benchmarks/planning/planning.sh                  from the measurements that are kept: seconds
#   benchmarks/planning/planning.sh path/to/spurion  measures anew before: about two minutes of one core
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -gt 0 ]]; then python3 "$here/measure.py" "$1" "$here/measurements.json"; fi
python3 "$here/page.py" "$here/measurements.json" "$here/README.md"
