#!/usr/bin/env bash
# Writes the answers, tables and figures of mulligan.md anew from a finished run:
#   spurion run mulligan && benchmarks/findings/mulligan.sh results/mulligan PATH/TO/spurion
# Every sentence between the marks is one of the report, so that none can differ from it.
source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
# The suite whose questions were answered, and the page to write.
suite=${3:-$here/../suites/mulligan.toml}
page=${4:-$here/mulligan.md}
"$spurion" report "$results" --to "$work" >/dev/null
COLUMNS=100000 "$spurion" report "$results" --text >"$work/text"
# Each question with its kind, a tab between.
sed -n 's/^text = "\(.*\)"$/\1/p; s/^kind = "\(.*\)"$/\1/p' "$suite" | paste - - >"$work/questions"

# The sentences that answer the questions of kind $1, without tables and charts: the first line of an answer as a
# paragraph, the others as a list, without those that match $2 (a table below has their numbers).
answers() {
  awk -v questions="$work/questions" -v kind="$1" -v leave="$2" '
    BEGIN { while ((getline line <questions) > 0) { split(line, part, "\t"); if (part[2] == kind) known[part[1]] = 1 } }
    /^$/ { if (listed) print ""; inside = 0; listed = 0; next }
    /^[^ ]/ {
      if ($0 in known) { print "### " $0 "\n"; inside = 1; first = 1 }
      next
    }
    inside {
      sub(/^ +/, "")
      if ($0 == "" || (!first && leave != "" && $0 ~ leave)) next
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

# What the name of a file says of its question: "input gradient, background".
case_of() {
  basename "$1" .md | sed -E 's/^goodhart_(equal_gain_|held_out_|forms_)?//; s/^(image_|sequence_)?candidates_probe_//;
    s/_environment_.*//; s/_on_/, /; s/_/ /g'
}

# One table of all files that are called goodhart$1..., with the columns $2 and the case before them; of its rows those
# that match $3, and of lines that are alike up to column $4 the last one.
cases() {
  local file header=
  for file in "$work"/csv/goodhart"$1"{candidates,image_candidates,sequence_candidates}_*.md; do
    [ -e "$file" ] || continue
    columns "$file" "$2" >"$work/part"
    if [ -z "$header" ]; then
      sed -n '1s/^/| probe, cue /p; 2s/^/| --- /p' "$work/part"
      header=written
    fi
    sed 1,2d "$work/part" | { grep -E -- "$3" || true; } | awk -F ' *[|] *' -v alike="$4" -v named="$(case_of "$file")" '
      {
        key = ""
        for (i = 1; i <= alike; ++i) key = key "|" $(i + 1)
        if (alike == 0) key = NR
        if (!(key in line)) order[++n] = key
        line[key] = $0
      }
      END { for (i = 1; i <= n; ++i) print "| " named " " line[order[i]] }'
  done
  echo
}

# Probe and truth of models with random weights, over all environments and cues: a row a probe.
random_weights() {
  columns "$work/csv/authenticity_controls_controls.md" "probe;probe of controls;truth of controls" | awk -F ' *[|] *' '
    NR <= 2 { next }
    {
      probe = $2; sub(/^probe\\_/, "", probe); sub(/\\_on\\_.*/, "", probe)
      if (!(probe in n)) order[++probes] = probe
      ++n[probe]
      own = $3 + 0; truth = $4 + 0
      if (n[probe] == 1 || own < low[probe]) low[probe] = own
      if (n[probe] == 1 || own > high[probe]) high[probe] = own
      if (n[probe] == 1 || truth < low_truth[probe]) low_truth[probe] = truth
      if (n[probe] == 1 || truth > high_truth[probe]) high_truth[probe] = truth
    }
    END {
      print "| probe | what it shows | truth | cues of environments |"
      print "| --- | ---: | ---: | ---: |"
      for (i = 1; i <= probes; ++i) {
        probe = order[i]
        printf "| %s | %.3f to %.3f | %.3f to %.3f | %d |\n", probe, low[probe], high[probe], low_truth[probe], high_truth[probe], n[probe]
      }
      print ""
    }'
}

# Both tables of the anchors, their rows joined.
anchors() {
  columns "$work/csv/acting_anchors.md" "environment.eps\\_obs;policy;return;policy verdict" >"$work/part"
  columns "$work/csv/acting_habits_anchors.md" "KL to conditional;KL to interventional" | sed 's/^|//' | paste -d '' "$work/part" -
  echo
}

# The chart $1 of the report as mulligan_$2.svg beside the page, and what it shows.
figure() {
  cp "$work/csv/$1.svg" "$(dirname -- "$page")/mulligan_$2.svg"
  printf "![%s](mulligan_%s.svg)\n\n" "$3" "$2"
}

{
  sed '/<!-- answers: begin -->/q' "$page"
  echo
  echo "## Do probes show the reliance that is there?"
  echo
  answers authenticity "^(No change of the agreement|The table shows|probe_.* (is|are) )"
  echo "### Each verdict on networks on images and sequences"
  echo
  for experiment in image_models sequence_models; do
    columns "$work/csv/authenticity_$experiment.md" "probe;place;models;rank agreement;authenticity;adjusted p;said clean;false reassurance"
    echo
  done
  echo "### Models with random weights"
  echo
  random_weights
  figure agreement_along_axis_rows agreement "Rank agreement with the truth against rows"
  echo "## Under pressure"
  echo
  answers goodhart ""
  echo "### Where each pressure comes to"
  echo
  cases _ "pressure;strongest;d at end;proxy gain;truth gain;overstated;OOD gain;ID change;parts at d;faithfulness;adjusted p;models;seeds" . 0
  echo "### The filter beside the others at equal gain out of distribution, the largest that both reach"
  echo
  cases _equal_gain_ "other pressure;at OOD gain;overstated by filter;overstated by other;difference in overstated;difference in ID change;adjusted p;at equal gain" . 1
  echo "### Held-out probes, under the filter and in the loss"
  echo
  cases _held_out_ "pressure;held-out probe;held-out gain;proxy gain;truth gain;overstated by it" "^[|] (filter|loss)" 0
  echo "### Forms of over-optimisation (Gao et al. 2022), under the filter and in the loss"
  echo
  cases _forms_ "pressure;follows;formula;alpha;beta;peak at d;peak gain;largest d;places" "^[|] (filter|loss) ?.* [|] (proxy|truth) [|]" 0
  figure goodhart_truth_candidates_probe_input_gradient_on_cue_environment_anti_causal truth "Gain of the truth against the pressure by the input gradient, anti_causal"
  figure goodhart_overstated_candidates_probe_input_gradient_on_background_environment_two_shortcuts overstated "What the input gradient overstates against the pressure, two_shortcuts, background"
  figure goodhart_truth_image_candidates_probe_input_gradient_on_colour truth_images "Gain of the truth against the pressure by the input gradient, images"
  echo "## Early stopping by a probe"
  echo
  columns "$work/csv/selection_checkpoints.md" "environment;selected by;OOD;ID;selection regret;p;reads"
  echo
  echo "## Anchors"
  echo
  answers trend ""
  echo "### Policies under anchors"
  echo
  anchors
  sed -n '/<!-- answers: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
