#!/usr/bin/env bash
# Writes the answers and tables of scaling_replication.md anew from a finished run:
#   spurion run scaling_replication && benchmarks/findings/scaling_replication.sh results/scaling_replication PATH/TO/spurion
# Every sentence between the marks is made of the tables of the report, so that none can differ from them.
source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
page=$here/scaling_replication.md
"$spurion" report "$results" --full --to "$work" >/dev/null
csv=$work/csv

# The questions: table | axis | what is changed | the column that says how.
questions=$work/questions
cat >"$questions" <<'LIST'
scaling_optimiser_training.rows_verdicts|rows|optimiser|optimizer.name
scaling_batch_training.rows_verdicts|rows|batch|training.batch
scaling_depth_training.rows_verdicts|rows|depth|model.depth
scaling_normalisation_training.rows_verdicts|rows|normalisation|model.normalisation
scaling_family_training.rows_verdicts|rows|family|model
scaling_activation_training.rows_verdicts|rows|activation function|model.activation
scaling_sequences_training.rows_verdicts|rows|family, on sequences|model
scaling_width_optimiser_model.width_verdicts|width|optimiser|optimizer.name
scaling_width_activation_model.width_verdicts|width|activation function|model.activation
LIST

# Rows of a table of verdicts: axis, what is changed, environment, how it is changed, and columns. FILE AXIS CHANGED BY
# ENVIRONMENT, where the experiment has one only.
columns="verdict;value at largest;g_inf;exact gaps;ID shortfall;seeds to decide;reason"
rows_of() {
  awk -F ' *[|] *' -v OFS='\t' -v axis="$2" -v changed="$3" -v by="$4" -v only="$5" -v want="$columns" '
    !/^[|]/ || /^[|] *:?-/ { next }
    { gsub(/\\/, "") }
    !seen++ {
      for (i = 2; i < NF; ++i) at[$i] = i
      n = split(want ";" by, names, ";")
      for (j = 1; j <= n; ++j) if (!(names[j] in at)) { print "no column " names[j] " in " FILENAME > "/dev/stderr"; exit 1 }
      next
    }
    {
      line = axis OFS changed OFS (("environment" in at) ? $(at["environment"]) : only) OFS $(at[by])
      for (j = 1; j < n; ++j) line = line OFS $(at[names[j]])
      print line
    }' "$1"
}
all=$work/all.tsv
while IFS='|' read -r file axis changed by; do
  rows_of "$csv/$file.md" "$axis" "$changed" "$by" distant_tokens
done <"$questions" >"$all"
# One training, judged at its last update and at the one that is best in distribution.
updates=$work/updates.tsv
{
  rows_of "$csv/scaling_selection_training.rows_verdicts.md" "rows" "last update" "environment.class_share" \
    two_shortcuts
  rows_of "$csv/$(cd "$csv" && ls scaling_selection_training.rows_verdicts_*.md | head -1)" "rows" "best update" \
    "environment.class_share" two_shortcuts
} >"$updates"

# Shared by the programs below: on which side of the margin a verdict puts the largest scale.
# shellcheck disable=SC2016 # awk's own fields
program='
  BEGIN { FS = "\t" }
  function side(verdict) {
    if (verdict == "closes" || verdict == "no gap") return "closed"
    if (verdict == "plateaus" || verdict == "open" || verdict == "grows" || verdict == "overshoots" || verdict ~ /still open/) return "open"
    return ""
  }
  function number(estimate) { sub(/ .*/, "", estimate); return estimate + 0 }
  # How the verdict of a row relates to that of the first row of its group.
  function relation(a, b) {
    if (a == b) return "same"
    if (side(a) == "" || side(b) == "") return "undecided"
    return side(a) == side(b) ? "same side" : "contradicts"
  }'

# The whole in a few sentences.
summary() {
  awk "$program"'
    {
      group = $1 SUBSEP $2 SUBSEP $3
      value = number($6)
      if (!(group in first)) { first[group] = $5; low[group] = high[group] = value; next }
      ++count; ++of[relation(first[group], $5)]
      if (value < low[group]) low[group] = value
      if (value > high[group]) high[group] = value
      if (high[group] - low[group] > most) { most = high[group] - low[group]; where = $2 " along " $1 " in `" $3 "`" }
      if (relation(first[group], $5) == "contradicts") against = against (against == "" ? "" : "; ") $4 " (" $2 ", " $1 ", `" $3 "`): " first[group] " / " $5
    }
    END {
      printf "**Of %d changes of how a model is made or trained, %d leave the verdict as it is, %d change its name and not the side of the margin, %d compare with a verdict that is not given, and %d contradict it.**\n\n", count, of["same"], of["same side"], of["undecided"], of["contradicts"]
      if (against != "") print "Contradictions: " against ".\n"
      printf "The gap at the largest scale differs most by %s: by %.3f.\n", where, most
    }' "$all"
}

# One row for each line.
lines() {
  awk "$program"'
    BEGIN {
      print "| axis | changed | environment | to | gap at the largest scale | g_inf | verdict | compared with the first of its kind |"
      print "|---|---|---|---|---:|---:|---|---|"
    }
    {
      group = $1 SUBSEP $2 SUBSEP $3
      text = "-"
      if (!(group in first)) first[group] = $5
      else text = relation(first[group], $5)
      verdict = $5
      if (verdict == "undecided") verdict = verdict ": " $11
      print "| " $1 " | " $2 " | " $3 " | " $4 " | " $6 " | " $7 " | " verdict " | " text " |"
    }' "$1"
}

# The gaps that are known exactly.
exact() {
  awk "$program"'
    $8 != "-" && !(($3, $8) in seen) { seen[$3, $8] = 1; print "- `" $3 "`: " $8 }' "$all"
}

# The phase diagram: the gap in each cell, rows by the share of disagreeing rows; "?" where the side is not shown.
phase() {
  awk -F ' *[|] *' '
    !/^[|]/ || /^[|] *:?-/ { next }
    !seen++ { for (i = 2; i < NF; ++i) at[$i] = i; next }
    {
      strength = $(at["environment.amplitude"]); share = $(at["environment.background.mean"])
      if (!(strength in column)) { column[strength] = ++columns; strengths[columns] = strength }
      if (!(share in row)) { row[share] = ++rows; shares[rows] = share }
      value = $(at["gap"]); sub(/ .*/, "", value)
      verdict = $(at["verdict"])
      cell[share, strength] = value (verdict == "above margin" ? "" : verdict == "within margin" ? " closed" : " ?")
      ++of[verdict]
    }
    END {
      line = "| share of disagreeing rows |"; rule = "|---:|"
      for (c = 1; c <= columns; ++c) { line = line " strength " strengths[c] " |"; rule = rule "---:|" }
      print line; print rule
      for (r = 1; r <= rows; ++r) {
        line = "| " shares[r] " |"
        for (c = 1; c <= columns; ++c) line = line " " cell[shares[r], strengths[c]] " |"
        print line
      }
      printf "\nOf %d cells the gap is shown to be above the margin in %d and within it in %d.\n", columns * rows, of["above margin"], of["within margin"]
    }' "$csv/gap_grid_phase.md"
}

cp "$csv/gap_grid_phase_erm.svg" "$here/scaling_replication_phase.svg"
trials=$(awk -F, 'NR > 1 && !seen[$1]++ { ++count } END { print count }' "$csv/results.csv")
{
  sed '/<!-- answers: begin -->/q' "$page"
  echo
  printf "The store holds %s trials.\n\n" "$trials"
  summary
  echo
  echo "Gaps that are known exactly, of predictors that do one thing:"
  echo
  exact
  echo
  echo "### Line by line"
  echo
  lines "$all"
  echo
  echo "### The last update, and the one that is best in distribution"
  echo
  lines "$updates"
  echo
  echo "### Phase diagram: strength of the cues against the share of rows in which they disagree"
  echo
  phase
  echo
  sed -n '/<!-- answers: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
