#!/usr/bin/env bash
# Writes the tables and figures of continual_vs_online.md anew from a finished run:
#   spurion run continual_vs_online && benchmarks/findings/update.sh results/continual_vs_online PATH/TO/spurion
# It writes the page and its .svg files in this folder. The folder of the run stays as it is.
source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
page=$here/continual_vs_online.md
"$spurion" report "$results" --to "$work" >/dev/null
csv=$work/csv

# Columns $2 (names, comma separated; "rows:0" without digits after the point) of the CSV file $1 as
# a Markdown table; estimates with their intervals.
table() {
  awk -v want="$2" "$csv_reader"'
    function shown(name, digits,   value, low) {
      value = cells[at[name]]
      if (value == "") return "-"
      if (digits != "") return sprintf("%." digits "f", value)
      if (!((name "_low") in at)) return value
      low = cells[at[name "_low"]]
      if (low == "") return sprintf("%.3f (one seed)", value)
      return sprintf("%.3f [%.3f, %.3f]", value, low, cells[at[name "_high"]])
    }
    NR == 1 {
      n = split_record($0)
      for (i = 1; i <= n; ++i) at[cells[i]] = i
      m = split(want, columns, ",")
      line = "|"; rule = "|"
      for (j = 1; j <= m; ++j) {
        split(columns[j], part, ":"); title = part[1]
        if (!(title in at)) { print "no column " title " in " FILENAME > "/dev/stderr"; exit 1 }
        gsub("_", " ", title); line = line " " title " |"; rule = rule "---|"
      }
      print line; print rule
      next
    }
    {
      split_record($0); line = "|"
      for (j = 1; j <= m; ++j) { part[2] = ""; split(columns[j], part, ":"); line = line " " shown(part[1], part[2]) " |" }
      print line
    }' "$1"
}

for figure in cue_contribution_reversal_two_shortcuts_reversal resolution_reversal_two_shortcuts_reversal \
  resolution_methods_two_shortcuts_reversal flips_width_two_shortcuts_reversal_model.width; do
  cp "$csv/$figure.svg" "$here/$figure.svg"
done
{
  sed '/<!-- tables: begin -->/q' "$page"
  echo
  echo "### By environment and regime (method erm)"
  echo
  table "$csv/stream_verdicts_reversal.csv" environment_stream,regime,score,cue_contribution,max_flip_rate_before,max_flip_rate_now,verdict
  echo
  echo "### By method (two_shortcuts, reversal)"
  echo
  table "$csv/stream_verdicts_methods.csv" regime,method,score,cue_contribution,max_flip_rate_now,verdict
  echo
  echo "### What a trial spent (two_shortcuts, reversal)"
  echo
  echo "Rows that entered a gradient, labels that were revealed, updates. Budget: 'equal' within 5 % of the median, otherwise the ratio to it."
  echo
  table "$csv/stream_budgets_reversal.csv" environment_stream,regime,method,rows:0,labels:0,updates:0,spent:0,budget |
    awk 'NR <= 2 || /two_shortcuts/' | cut -d'|' -f1,3-
  table "$csv/stream_budgets_methods.csv" environment_stream,regime,method,rows:0,labels:0,updates:0,spent:0,budget | awk 'NR > 2' | cut -d'|' -f1,3-
  echo
  sed -n '/<!-- tables: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
