#!/usr/bin/env bash
# Writes the tables and figures of scaling_laws.md anew from a finished run:
#   spurion run scaling_laws && benchmarks/findings/scaling_laws.sh results/scaling_laws PATH/TO/spurion
set -euo pipefail
results=${1:?the output folder of the run}
spurion=${2:-spurion}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
page=$here/scaling_laws.md
"$spurion" report "$results" >/dev/null
csv=$results/csv

# The columns $2 ("method;verdict", those that there are) of the Markdown table $1.
columns() {
  awk -F ' *[|] *' -v want="$2" '
    !/^[|]/ { next } # the caption
    ++row == 1 {
      for (i = 2; i < NF; ++i) at[$i] = i
      n = split(want, names, ";")
    }
    {
      line = "|"
      for (j = 1; j <= n; ++j) if (names[j] in at) line = line " " $(at[names[j]]) " |"
      print line
    }' "$1"
}

# One table of the rows of several tables with the same columns.
joined() {
  local first=1 want=$1
  shift
  for table in "$@"; do
    if [ "$first" = 1 ]; then columns "$table" "$want"; else columns "$table" "$want" | tail -n +3; fi
    first=0
  done
}
