#!/usr/bin/env bash
# Writes the tables and figures of a findings page anew from a finished run:
#   spurion run continual_vs_online && benchmarks/findings/update.sh results/continual_vs_online PATH/TO/spurion
set -euo pipefail
results=${1:?the output folder of the run}
spurion=${2:-spurion}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
page=$here/continual_vs_online.md
"$spurion" report "$results" >/dev/null

# Columns $2 (numbers, comma separated) of the CSV file $1 as a Markdown table.
table() {
  awk -v want="$2" '{
    n = 0; cell = ""; quoted = 0
    for (i = 1; i <= length($0); ++i) {
      c = substr($0, i, 1)
      if (c == "\"") { quoted = !quoted } else if (c == "," && !quoted) { cells[++n] = cell; cell = "" } else { cell = cell c }
    }
    cells[++n] = cell
    m = split(want, columns, ","); line = "|"
    for (j = 1; j <= m; ++j) line = line " " cells[columns[j]] " |"
    print line
    if (NR == 1) { line = "|"; for (j = 1; j <= m; ++j) line = line "---|"; print line }
  }' "$1"
}

for figure in trap_reversal_two_shortcuts_reversal resolution_reversal_two_shortcuts_reversal \
  resolution_methods_two_shortcuts_reversal flips_width_two_shortcuts_reversal_model.width; do
  cp "$results/csv/$figure.svg" "$here/$figure.svg"
done
{
  sed '/<!-- tables: begin -->/q' "$page"
  echo
  echo "### By world and regime (method erm)"
  echo
  table "$results/csv/stream_verdicts_reversal.csv" 1,2,4,5,7,8,12
  echo
  echo "### By method (two_shortcuts, reversal)"
  echo
  table "$results/csv/stream_verdicts_methods.csv" 2,3,4,5,8,12
  echo
  echo "### What a trial spent (two_shortcuts, reversal)"
  echo
  echo "Rows that entered a gradient, labels revealed, updates; what is not equal, against the median."
  echo
  table "$results/csv/stream_budgets_reversal.csv" 1,2,3,5,6,7,9,10 |
    awk 'NR <= 2 || /two_shortcuts/' | cut -d'|' -f1,3-
  table "$results/csv/stream_budgets_methods.csv" 1,2,3,5,6,7,9,10 | awk 'NR > 2' | cut -d'|' -f1,3-
  echo
  sed -n '/<!-- tables: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
