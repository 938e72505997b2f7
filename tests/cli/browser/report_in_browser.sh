#!/usr/bin/env bash
# Runs a small suite, writes its report and opens it in headless Chromium:
#   report_in_browser.sh SPURION SUITE.toml
# Checks that the page lays out without overflow, that every chart has a size, that no two labels of a
# chart overlap, that there are bars, cells and points, that a click on a header sorts its table, and that nothing is reported on the console. Exit 77 (skipped) where Chromium is not installed.
set -euo pipefail
spurion=$1
suite=$2
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [[ -z $browser ]]; then
  echo "skipped: no Chromium on this machine"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$spurion" run "$suite" --out "$folder/out" --quiet
"$spurion" report "$folder/out"
# The page measures itself; what it finds comes back in an attribute of the root element.
cat > "$folder/probe.js" <<'JS'
addEventListener("load", () => {
  const wide = document.documentElement.scrollWidth > innerWidth + 1;
  const flat = [...document.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().height < 20);
  const missing = ["answers", "shift", "details", "environments", "run"].filter(i => !document.getElementById(i));
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  const overlaps = [...document.querySelectorAll("svg.chart")].flatMap(chart => {
    const texts = [...chart.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()]);
    return texts.flatMap(([text, box], i) => texts.slice(i + 1).filter(([, other]) => meet(box, other))
      .map(([other]) => chart.id + ": " + text + " / " + other));
  });
  if (overlaps.length) console.log("labels overlap: " + overlaps.slice(0, 5).join("; "));
  const kinds = [".bar", ".whisker", ".cell", ".points"].filter(k => !document.querySelector("svg.chart " + k));
  const table = document.querySelector("table.sortable"), rows = table ? [...table.tBodies[0].rows] : [];
  const column = rows.length ? [...rows[0].cells].findIndex((cell, i) =>
    rows.every(r => !isNaN(parseFloat(r.cells[i].textContent))) && new Set(rows.map(r => r.cells[i].textContent)).size > 1) : -1;
  let sorted = column >= 0;
  if (sorted) {
    const button = table.tHead.rows[0].cells[column].querySelector("button");
    const numbers = () => [...table.tBodies[0].rows].map(r => parseFloat(r.cells[column].textContent));
    button.click();
    sorted = numbers().every((x, i, all) => i === 0 || all[i - 1] <= x);
    button.click();
    sorted = sorted && numbers().every((x, i, all) => i === 0 || all[i - 1] >= x);
    button.click();
    sorted = sorted && rows.every((row, i) => row === table.tBodies[0].rows[i]);
  }
  document.documentElement.dataset.probe =
    "wide=" + wide + " flat=" + flat.length + " missing=" + (missing.length + kinds.length) + " overlaps=" + overlaps.length + " sorted=" + sorted +
    " charts=" + document.querySelectorAll("svg.chart").length;
});
JS
sed "s#</body>#<script>$(tr '\n' ' ' < "$folder/probe.js" | sed 's/[&#\\]/\\&/g')</script></body>#" \
  "$folder/out/report.html" > "$folder/probed.html"
for width in 1200 420; do
  dom=$("$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync --enable-logging=stderr \
    --user-data-dir="$folder/profile" --window-size="$width,2000" --dump-dom \
    "file://$folder/probed.html" 2> "$folder/log")
  found=$(grep -o 'data-probe="[^"]*"' <<< "$dom" || true)
  echo "width $width: $found"
  if ! grep -q 'wide=false flat=0 missing=0 overlaps=0 sorted=true charts=[1-9]' <<< "$found"; then
    echo "the report does not lay out at width $width"
    exit 1
  fi
  if grep -q 'CONSOLE' "$folder/log"; then
    grep 'CONSOLE' "$folder/log"
    exit 1
  fi
done
