# Shared by the scripts that write a page of findings from a finished run; each begins with
#   source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
# and is called with the output folder of the run and, if need be, the path of spurion.
# shellcheck shell=bash disable=SC2034 # the scripts use what is set here
set -euo pipefail
results=${1:?the output folder of the run}
spurion=${2:-spurion}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# For awk, reads CSV: split_record(line) fills cells[1..n].
# shellcheck disable=SC2016 # awk's own fields
csv_reader='
  function split_record(line,   i, c, n, cell, quoted) {
    n = 0; cell = ""; quoted = 0
    for (i = 1; i <= length(line); ++i) {
      c = substr(line, i, 1)
      if (c == "\"") quoted = !quoted
      else if (c == "," && !quoted) { cells[++n] = cell; cell = "" }
      else cell = cell c
    }
    cells[++n] = cell
    return n
  }'

# The columns $2 ("probe;place?") of the Markdown table $1; one with a question mark may be missing.
columns() {
  awk -F ' *[|] *' -v want="$2" '
    !/^[|]/ { next } # the caption
    !seen++ {
      for (i = 2; i < NF; ++i) at[$i] = i
      n = split(want, names, ";")
    }
    {
      line = "|"
      for (j = 1; j <= n; ++j) {
        optional = sub(/[?]$/, "", names[j]) || optional_at[j]
        optional_at[j] = optional
        if (names[j] in at) { line = line " " $(at[names[j]]) " |"; continue }
        if (optional) continue
        print "no column " names[j] " in " FILENAME > "/dev/stderr"
        exit 1
      }
      print line
    }' "$1"
}
