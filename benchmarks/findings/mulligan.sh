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
COLUMNS=100000 "$spurion" report "$results" --text >"$work/text"
sed -n 's/^text = "\(.*\)"$/\1/p' "$suite" >"$work/questions"

# The sentences that answer each question, without tables and charts: the first line of an answer as a paragraph, the
# others as a list.
answers() {
  awk -v questions="$work/questions" '
    BEGIN { while ((getline line <questions) > 0) known[line] = 1 }
    /^$/ { if (listed) print ""; inside = 0; listed = 0; next }
    /^[^ ]/ {
      if ($0 in known) { print "### " $0 "\n"; inside = 1; first = 1 }
      next
    }
    inside {
      sub(/^ +/, "")
      if (first) print $0 "\n"
      else { print "- " $0; listed = 1 }
      first = 0
    }' "$work/text" | folded
}

# Lines of at most 120 characters; items of a list go on below their text.
folded() {
  awk '
    length($0) <= 120 || /^[#|!]/ { print; next }
    {
      indent = /^- / ? "  " : ""
      n = split($0, word, " ")
      line = word[1]
      for (i = 2; i <= n; ++i) {
        if (length(line) + 1 + length(word[i]) > 120) { print line; line = indent word[i] }
        else line = line " " word[i]
      }
      print line
    }'
}

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

# All tables whose files are called $1 (with *), each under a heading, with the columns $2.
tables() {
  local file
  for file in "$work"/csv/$1.md; do
    [ -e "$file" ] || continue
    echo "#### $(basename "$file" .md | tr '_' ' ')"
    echo
    columns "$file" "$2"
    echo
  done
}

# Copies all charts whose file is called $1... beside the page, and shows them.
figures() {
  local file name
  for file in "$work"/csv/$1*.svg; do
    [ -e "$file" ] || continue
    name=mulligan_$(basename "$file")
    cp "$file" "$(dirname -- "$page")/$name"
    echo "![$(basename "$file" .svg | tr '_' ' ')]($name)"
    echo
  done
}

{
  sed '/<!-- answers: begin -->/q' "$page"
  echo
  answers
  echo "## Pressure"
  echo
  figures goodhart_truth
  figures goodhart_overstated
  echo "### Verdicts"
  echo
  for experiment in candidates image_candidates sequence_candidates; do
    tables "goodhart_${experiment}_*" "pressure;strongest;d at end;proxy gain;truth gain;overstated;OOD gain;ID change;from d;parts at d;faithfulness;adjusted p;models;seeds"
  done
  echo "### The filter beside the others at equal gain"
  echo
  tables "goodhart_equal_gain_*" "other pressure;at OOD gain;overstated by filter;overstated by other;difference in overstated;difference in ID change;adjusted p;at equal gain"
  echo "### Held-out probes"
  echo
  tables "goodhart_held_out_*" "pressure;held-out probe;held-out gain;proxy gain;truth gain;overstated by it"
  echo "### Forms of over-optimisation"
  echo
  tables "goodhart_forms_*" "pressure;follows;formula;alpha;beta;peak at d;peak gain;largest d;places"
  echo "## Authenticity"
  echo
  figures calibration
  figures agreement_along_axis
  for experiment in width rows controls image_models sequence_models; do
    tables authenticity_$experiment "probe;compared with;environment?;model?;place?;models;rank agreement;authenticity;adjusted p;calibration slope;probe bias;said clean;false reassurance;false alarm"
  done
  echo "### Along the scale"
  echo
  tables "authenticity_change_*" "probe;environment?;model?;first;agreement at first;last;agreement at last;change in agreement;adjusted p;along the axis"
  echo "### Sanity controls: models with random weights"
  echo
  tables authenticity_controls_controls "probe;environment?;model?;place?;probe of controls;truth of controls;models"
  sed -n '/<!-- answers: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
