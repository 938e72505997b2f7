#!/usr/bin/env bash
# Writes the table of planted_curves.md anew: 500 studies of each curve, twenty core-minutes.
#   benchmarks/findings/planted_curves.sh [build/planted_curves] [500]
set -euo pipefail
program=${1:-build/planted_curves}
repeats=${2:-500}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
page=$here/planted_curves.md
table=$(mktemp)
"$program" "$repeats" >"$table"
awk -v table="$table" -v repeats="$repeats" '
  /^Each row is [0-9]+ studies\./ { sub(/[0-9]+/, repeats) }
  /^benchmarks.findings.planted_curves.sh / { sub(/[0-9]+$/, repeats) }
  /^<!-- end of the table -->$/ { inside = 0 }
  !inside { print }
  /^<!-- table -->$/ { inside = 1; while ((getline line <table) > 0) print line }
' "$page" >"$table.page"
cat "$table.page" >"$page"
rm -f "$table" "$table.page"
