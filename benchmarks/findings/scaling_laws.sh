#!/usr/bin/env bash
# Writes the answers, tables and figures of scaling_laws.md anew from a finished run:
#   spurion run scaling_laws && benchmarks/findings/scaling_laws.sh results/scaling_laws PATH/TO/spurion
# Every sentence between the marks is made of the tables of the report, so that none can differ from them.
source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
page=$here/scaling_laws.md
"$spurion" report "$results" --full --to "$work" >/dev/null
csv=$work/csv

# The questions: file | axis | what is asked | the environment, where the table has no column of it.
questions=$work/questions
cat >"$questions" <<'LIST'
scaling_rows_training.rows|rows|Does more data close the gap (fixed updates)?|
scaling_rows_passes_training.rows|rows, five passes|Does more data close the gap at five passes over it?|
scaling_width_model.width|width|Does a wider model close the gap (fixed updates)?|
scaling_width_mup_model.width|width, muP|Does a wider model close the gap in the maximal-update parametrisation?|
scaling_width_tuned_model.width_selected_by_training_domain|width, tuned|Does a wider model close the gap if learning rate and weight decay are tuned at every width?|
scaling_steps_training.steps|updates|Does longer training close the gap?|
scaling_sequence_width_model.width|width of a GRU|Sequences: does a wider GRU close the gap?|distant_tokens
scaling_sequence_rows_training.rows|rows for a GRU|Sequences: does more data close the gap of a GRU?|distant_tokens
scaling_images_rows_training.rows|rows for a CNN|Images: does more data close the gap of a CNN?|cue_images
scaling_width_rows_model.width_training.rows|width and rows|Do width and rows together close the gap?|
scaling_width_steps_model.width_training.steps|width and updates|Do width and updates together close the gap?|
scaling_width_steps_cost.flops|operations|What does the gap do along the operations of training?|
LIST

# The path of a table of a question. A selection is named behind the kind of the table.
table_of() { # QUESTION KIND
  case $1 in
    *_selected_by_*) echo "$csv/${1%%_selected_by_*}_$2_selected_by_${1#*_selected_by_}.md" ;;
    *) echo "$csv/$1_$2.md" ;;
  esac
}

# A row for each verdict: axis, question, environment, method, and the columns $columns of its table.
columns="verdict;value at largest;g_inf;ID shortfall;seeds to decide;decades to decide;decades to margin;reason;scales;decades;seeds;held-out error;seed noise;carried error"
verdicts_of() { # FILE AXIS QUESTION ENVIRONMENT
  awk -F ' *[|] *' -v OFS='\t' -v axis="$2" -v question="$3" -v environment="$4" -v want="$columns" '
    !/^[|]/ || /^[|] *:?-/ { next }
    { gsub(/\\/, "") }
    !seen++ {
      for (i = 2; i < NF; ++i) at[$i] = i
      n = split(want, names, ";")
      for (j = 1; j <= n; ++j) if (!(names[j] in at)) { print "no column " names[j] " in " FILENAME > "/dev/stderr"; exit 1 }
      next
    }
    {
      line = axis OFS question OFS (("environment" in at) ? $(at["environment"]) : environment) OFS $(at["method"])
      for (j = 1; j <= n; ++j) line = line OFS $(at[names[j]])
      print line
    }' "$1"
}
all=$work/verdicts.tsv
while IFS='|' read -r file axis question environment; do
  verdicts_of "$(table_of "$file" verdicts)" "$axis" "$question" "$environment"
done <"$questions" >"$all"
# Flips of predictions with the cues after these were reversed: a line for each regime.
flips=$work/flips.tsv
{
  verdicts_of "$csv/scaling_reversal_width_model.width_test_flip_rate_verdicts.md" "width" \
    "After a reversal of the cues, does a wider model flip less with them?" ""
  verdicts_of "$csv/scaling_reversal_rows_training.rows_test_flip_rate_verdicts.md" "rows" \
    "After a reversal of the cues, does a model that saw more data flip less with them?" ""
} >"$flips"

# Shared by the programs below: the fields of a row, and what sentences call a verdict.
# shellcheck disable=SC2016 # awk's own fields
program='
  BEGIN {
    FS = "\t"
    said["plateaus"] = "plateaus"; said["closes"] = "closes"; said["no gap"] = "is closed at every scale"
    said["shrinks, still open"] = "shrinks and is still open"; said["grows"] = "grows"; said["open"] = "stays open"
    said["overshoots"] = "ends below 0"; said["non-monotone"] = "falls and rises"
    said["two modes"] = "depends on the seed"; said["not identifiable"] = "may plateau or close slowly"
    said["under-trained"] = "is no finding for lack of training"; said["undecided"] = "is undecided"
    said["did not learn"] = "says nothing, since models did not learn,"
    said["collapsed"] = "says nothing, since models collapsed,"
    said["learning not shown"] = "says nothing, since it is not shown that models learned,"
    order = "plateaus;open;shrinks, still open;grows;closes;no gap;overshoots;non-monotone;two modes;not identifiable;under-trained;undecided;did not learn;collapsed;learning not shown"
    verdicts = split(order, verdict_names, ";")
  }
  function is_control(environment) { return environment ~ /^control_/ }
  function phrase(verdict) { return (verdict in said) ? said[verdict] : "is \"" verdict "\"" }
  # The figure behind a verdict.
  function figure(   text) {
    if ($5 == "plateaus") return "g_inf " $7
    if ($5 == "under-trained") return "ID shortfall " $8
    if ($5 == "undecided" || $5 == "not identifiable" || $5 == "shrinks, still open") {
      text = $6 " at the largest scale"
      if ($5 == "undecided") text = text "; " $12
      if ($9 != "-") text = text "; about " $9 " seeds would decide"
      if ($10 != "-") text = text ($9 != "-" ? ", or " : "; about ") $10 " further decades" ($9 != "-" ? "" : " would decide")
      return text
    }
    return $6 " at the largest scale"
  }'

# Sentences: for each question and line, what the number does where. FILE NUMBER ("gap of")
sentences() {
  awk -v number="$2" "$program"'
    is_control($3) { next }
    !($2 in known) { known[$2] = ++questions; question[questions] = $2; extent[questions] = $13 " scales, " $14 " decades, " $15 " seeds" }
    {
      q = known[$2]
      if (!((q, $4) in has)) { has[q, $4] = 1; methods[q] = methods[q] SUBSEP $4 }
      places[q, $4, $5] = places[q, $4, $5] (places[q, $4, $5] == "" ? "" : "; ") "`" $3 "` (" figure() ")"
      if (!($5 in said)) { other[$5] = 1 }
    }
    END {
      for (q = 1; q <= questions; ++q) {
        print "**" question[q] "** (" extent[q] ")\n"
        count = split(methods[q], method, SUBSEP)
        for (m = 2; m <= count; ++m) {
          text = ""
          for (v = 1; v <= verdicts; ++v) {
            where = places[q, method[m], verdict_names[v]]
            if (where != "") text = text (text == "" ? "" : ". It ") phrase(verdict_names[v]) " in " where
          }
          for (one in other) if (places[q, method[m], one] != "") text = text (text == "" ? "" : ". It ") phrase(one) " in " places[q, method[m], one]
          print "- The " number " `" method[m] "` " text "."
        }
        print ""
      }
    }' "$1"
}

# Counts of verdicts: rows by field $1 (1 axis, 3 environment), a column for each method.
counts() {
  awk -v field="$1" -v title="$2" "$program"'
    is_control($3) { next }
    {
      row = $field
      if (!(row in known_row)) { known_row[row] = ++rows; row_name[rows] = row }
      if (!($4 in known_method)) { known_method[$4] = ++methods; method_name[methods] = $4 }
      ++count[row, $4, $5]
      all_verdicts[$5] = 1
    }
    END {
      line = "| " title " |"; rule = "|---|"
      for (m = 1; m <= methods; ++m) { line = line " `" method_name[m] "` |"; rule = rule "---|" }
      print line; print rule
      for (v in all_verdicts) { found = 0; for (i = 1; i <= verdicts; ++i) found += verdict_names[i] == v; if (!found) verdict_names[++verdicts] = v }
      for (r = 1; r <= rows; ++r) {
        line = "| " row_name[r] " |"
        for (m = 1; m <= methods; ++m) {
          text = ""
          for (v = 1; v <= verdicts; ++v) {
            n = count[row_name[r], method_name[m], verdict_names[v]]
            if (n > 0) text = text (text == "" ? "" : ", ") verdict_names[v] " " n
          }
          line = line " " (text == "" ? "-" : text) " |"
        }
        print line
      }
    }' "$all"
}

# The whole in one sentence for each method.
totals() {
  awk "$program"'
    is_control($3) { next }
    {
      if (!($4 in known)) { known[$4] = ++methods; name[methods] = $4 }
      ++count[$4, $5]; ++sum[$4]
    }
    END {
      for (m = 1; m <= methods; ++m) {
        text = ""
        for (v = 1; v <= verdicts; ++v) {
          n = count[name[m], verdict_names[v]]
          if (n > 0) text = text (text == "" ? "" : ", ") "*" verdict_names[v] "* " n
        }
        printf "- `%s`: of %d verdicts about environments with a cue: %s.\n", name[m], sum[name[m]], text
      }
    }' "$all"
}

# The primary hypothesis: what its claims came to, in environments with a cue and in controls.
primary() {
  awk -F ' *[|] *' '
    !/^[|]/ || /^[|] *:?-/ { next }
    { gsub(/\\/, "") }
    !seen++ { for (i = 2; i < NF; ++i) at[$i] = i; next }
    $(at["environment"]) !~ /^control_/ && $(at["method"]) == "erm" { ++count[$(at["claim"])]; ++all }
    END {
      printf "The primary hypothesis is that the gap *plateaus* along rows. For `erm` it holds in %d of %d environments with a cue, is refuted in %d, and is undecided in %d.\n", count["holds"], all, count["refuted"], count["undecided"]
    }' "$csv/scaling_rows_training.rows_verdicts.md"
}

# The answer to the first question: along which axes the gap of erm is shown to close.
closing() {
  awk "$program"'
    is_control($3) || $4 != "erm" { next }
    {
      ++all
      if ($5 == "closes" || $5 == "no gap") where = where (where == "" ? "" : ", ") "`" $3 "` along " $1
      else if ($5 == "plateaus" || $5 == "open" || $5 == "grows" || $5 ~ /still open/) ++still
    }
    END {
      if (where == "") printf "**The gap of `erm` is not shown to close in any of %d lines", all
      else printf "**The gap of `erm` is shown to close, or to be closed at every scale, in: %s", where
      printf ". It is shown to be open at the largest scale in %d of %d lines.**\n", still, all
    }' "$all"
}

# What would change each verdict.
changes() {
  awk "$program"'
    is_control($3) { next }
    BEGIN { print "| axis | environment | method | verdict | g_inf | seeds to decide | decades to decide | what would change it |"; print "|---|---|---|---|---:|---:|---:|---|" }
    {
      text = "-"
      if ($5 == "plateaus") {
        low = $7; sub(/.*\[/, "", low); sub(/,.*/, "", low)
        text = "a gap below " low " at a larger scale"
        if ($11 != "-") text = text "; a law that closes fits too, and needs 10^x more scale, x = " $11
      } else if ($5 == "closes" || $5 == "no gap") {
        text = "a gap above the margin at a larger scale"
      } else if ($5 == "open") {
        text = "a gap within the margin at a larger scale"
      } else if ($5 == "under-trained") {
        text = "longer training or more rows: ID shortfall " $8
      } else if ($5 == "undecided" || $5 == "not identifiable" || $5 == "shrinks, still open") {
        text = $5 == "undecided" ? $12 : "larger scales"
      } else if ($5 == "did not learn" || $5 == "collapsed" || $5 == "learning not shown") {
        text = "models that learn"
      } else {
        text = "a larger scale that shows another direction"
      }
      ends = $5 == "plateaus" || $5 == "closes" || $5 == "no gap" || $5 == "undecided" || $5 == "not identifiable" || $5 ~ /open/
      print "| " $1 " | " $3 " | " $4 " | " $5 " | " (ends ? $7 : "-") " | " $9 " | " $10 " | " text " |"
    }' "$all"
}

# Controls: those of the suite are the same in each table; planted curves are summed over all.
controls() {
  while IFS='|' read -r file axis question environment; do
    awk -F ' *[|] *' -v OFS='\t' '
      !/^[|]/ || /^[|] *:?-/ { next }
      { gsub(/\\/, "") }
      !seen++ { for (i = 2; i < NF; ++i) at[$i] = i; next }
      { print $(at["control"]), $(at["truth"]), $(at["judged"]), $(at["right"]), $(at["no verdict"]), $(at["wrong"]) }' \
      "$(table_of "$file" controls)"
  done <"$questions" | awk -F '\t' '
    {
      if (!($1 in known)) { known[$1] = ++rows; name[rows] = $1; truth[rows] = $2 }
      r = known[$1]
      if ($1 ~ /^planted/) { judged[r] += $3; right[r] += $4; none[r] += $5; wrong[r] += $6 }
      else { judged[r] = $3; right[r] = $4; none[r] = $5; wrong[r] = $6 }
    }
    END {
      print "| control | truth | judged | right | no verdict | wrong |"
      print "|---|---|---:|---:|---:|---:|"
      for (r = 1; r <= rows; ++r) {
        print "| " name[r] " | " truth[r] " | " judged[r] " | " right[r] " | " none[r] " | " wrong[r] " |"
        kind = name[r] ~ /^control_/ ? "control" : name[r] ~ /^planted/ ? "planted" : "placebo"
        a[kind] += judged[r]; b[kind] += right[r]; c[kind] += none[r]; d[kind] += wrong[r]
      }
      printf "\nControl environments: of %d verdicts %d are right, %d claim nothing, and %d are wrong. ", a["control"], b["control"], c["control"], d["control"]
      printf "Curves planted into the noise of the trials: of %d verdicts %d are right, %d claim nothing, and %d are wrong. ", a["planted"], b["planted"], c["planted"], d["planted"]
      printf "A penalty without information: %d of %d verdicts are those of `erm`, %d contradict them.\n", b["placebo"], a["placebo"], d["placebo"]
    }'
}

# How the score in distribution ends: which lines are shown to be at their ceiling.
training() {
  awk "$program"'
    is_control($3) { next }
    $8 == "-" { ++unknown; next }
    {
      ++judged
      low = high = $8
      sub(/.*\[/, "", low); sub(/,.*/, "", low); sub(/.*, */, "", high); sub(/\].*/, "", high)
      if (high + 0 <= 0.02) ++reached
      else if (low + 0 > 0.02) { ++short; where = where (where == "" ? "" : ", ") "`" $4 "` in `" $3 "` along " $1 " (" $8 ")" }
      else { ++unsure; maybe = maybe (maybe == "" ? "" : ", ") "`" $4 "` in `" $3 "` along " $1 " (" $8 ")" }
    }
    END {
      printf "The score in distribution at the largest scale is within 0.02 of its ceiling, or above it, in %d of %d lines", reached, judged
      if (unknown > 0) printf " (%d more have no exact ceiling)", unknown
      printf ".\n"
      if (short > 0) printf "\nIt is shown to be further away in %d, which are *under-trained* unless another verdict comes first: %s.\n", short, where
      if (unsure > 0) printf "\nIt is not shown on which side it is in %d: %s.\n", unsure, maybe
    }' "$all"
}

# The columns $2 ("rank;method") of the Markdown table $1.
columns_of() {
  awk -F ' *[|] *' -v want="$2" '
    !/^[|]/ { next } # the caption
    NR == 1 {
      for (i = 2; i < NF; ++i) at[$i] = i
      n = split(want, names, ";")
    }
    {
      line = "|"
      for (j = 1; j <= n; ++j) {
        if (!(names[j] in at)) { print "no column " names[j] " in " FILENAME > "/dev/stderr"; exit 1 }
        line = line " " $(at[names[j]]) " |"
      }
      print line
    }' "$1"
}

# At how many widths the exact value lies within the interval.
theory() {
  awk -F ' *[|] *' '
    !/^[|]/ || /^[|] *:?-/ { next }
    !seen++ { for (i = 2; i < NF; ++i) at[$i] = i; next }
    { split($(at["theory within"]), part, " of "); printf "The exact gap lies within the interval of the measured one at %s of %s widths.\n", part[1], part[2] }' \
    "$csv/scaling_theory_width_model.width_verdicts.md"
}

figures="
scaling_rows_training.rows_gap_two_shortcuts_environment_two_shortcuts rows_two_shortcuts
scaling_rows_training.rows_gap_coloured_images_environment_coloured_images rows_coloured_images
scaling_width_model.width_gap_two_shortcuts_environment_two_shortcuts width_two_shortcuts
scaling_steps_training.steps_gap_two_shortcuts_environment_two_shortcuts steps_two_shortcuts
scaling_width_rows_model.width_training.rows_map_coloured_images_erm_environment_coloured_images map_coloured_images
scaling_width_steps_model.width_training.steps_frontier_ood_coloured_images_environment_coloured_images frontier_coloured_images
scaling_theory_width_model.width_gap_ridge_correlation theory"
echo "$figures" | while read -r from to; do
  [ -z "$from" ] || cp "$csv/$from.svg" "$here/scaling_laws_$to.svg"
done

# A trial of two experiments has two rows.
trials=$(awk -F, 'NR > 1 && !seen[$1]++ { ++count } END { print count }' "$csv/results.csv")
{
  sed '/<!-- answers: begin -->/q' "$page"
  echo
  printf "The store holds %s trials.\n\n" "$trials"
  echo "### In one look"
  echo
  closing
  echo
  primary
  echo
  totals
  echo
  counts 1 axis
  echo
  counts 3 environment
  echo
  echo "The trials of *width and updates* are judged along *operations* too."
  echo
  echo "### The answers, question by question"
  echo
  sentences "$all" "gap of"
  echo "### After a reversal of the cues: continual and online"
  echo
  sentences "$flips" "share of predictions that flip with a cue, under"
  echo "### Where the exact curve is known: ridge regression on random features"
  echo
  theory
  echo
  columns_of "$csv/scaling_theory_width_model.width_scales.md" \
    "model.width;value;theory;theory difference"
  echo
  echo "### From which share of disagreeing rows is the gap closed? And do more kinds of cue help on an unseen kind?"
  echo
  columns_of "$csv/gap_disagreement_environment.train_shifts.mean_verdicts.md" \
    "method;smallest;gap at smallest;largest;gap at largest;change;verdict"
  echo
  columns_of "$csv/gap_kinds_environment.cues_verdicts.md" \
    "method;smallest;gap at smallest;largest;gap at largest;change;verdict"
  echo
  echo "### Was the training long enough?"
  echo
  training
  echo
  echo "### The error of the machinery on controls"
  echo
  controls
  echo
  echo "### What would change these answers"
  echo
  changes
  echo
  sed -n '/<!-- answers: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
