#!/usr/bin/env bash
# Writes the answers, tables and figures of mulligan.md anew from a finished run:
#   spurion run mulligan && benchmarks/findings/mulligan.sh results/mulligan PATH/TO/spurion
# Every sentence between the marks is one of the report, so that none can differ from it.
set -euo pipefail
results=${1:?the output folder of the run}
spurion=${2:-spurion}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# The suite whose questions were answered, and the page to write.
suite=${3:-$here/../suites/mulligan.toml}
page=${4:-$here/mulligan.md}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$spurion" report "$results" --to "$work" >/dev/null
"$spurion" report "$results" --text >"$work/text"
sed -n 's/^text = "\(.*\)"$/\1/p' "$suite" >"$work/questions"

# The sentences that answer each question, without tables and charts.
answers() {
  awk -v questions="$work/questions" '
    BEGIN { while ((getline line <questions) > 0) known[line] = 1 }
    function flush() { if (said != "") print said "\n"; said = "" }
    /^$/ { flush(); inside = 0; heading = ""; next }
    /^[^ ]/ {
      heading = heading == "" ? $0 : heading " " $0
      if (heading in known) { print "### " heading "\n"; inside = 1; heading = "" }
      next
    }
    inside { sub(/^ +/, ""); said = said == "" ? $0 : said " " $0 }
    END { flush() }' "$work/text" | fold -s -w 120 | sed 's/ *$//'
}

# The columns $2 ("probe;place") of the Markdown table $1, those that it has.
columns() {
  awk -F ' *[|] *' -v want="$2" '
    !/^[|]/ { next } # the caption
    !seen++ {
      for (i = 2; i < NF; ++i) at[$i] = i
      n = split(want, names, ";")
    }
    {
      line = "|"
      for (j = 1; j <= n; ++j) if (names[j] in at) line = line " " $(at[names[j]]) " |"
      print line
    }' "$1"
}

# All tables whose file is called $1..., each under a heading, with the columns $2.
tables() {
  local file
  for file in "$work"/csv/$1*.md; do
    [ -e "$file" ] || continue
    echo "#### $(basename "$file" .md | tr '_' ' ')"
    echo
    columns "$file" "$2"
    echo
  done
}

for figure in "$work"/csv/goodhart_*.svg "$work"/csv/authenticity_*.svg; do
  [ -e "$figure" ] && cp "$figure" "$(dirname -- "$page")/mulligan_$(basename "$figure")"
done
{
  sed '/<!-- answers: begin -->/q' "$page"
  echo
  answers
  echo "## Tables"
  echo
  tables authenticity "probe;compared with;environment;model;place;models;tau;slope;false reassurance;false alarm;verdict;authenticity"
  tables goodhart "pressure;environment;strongest;d at end;proxy gain;truth gain;overstated;OOD gain;ID change;from d;parts at d;faithfulness;adjusted p;models;seeds;other pressure;at OOD gain;difference in overstated;at equal gain"
  sed -n '/<!-- answers: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
