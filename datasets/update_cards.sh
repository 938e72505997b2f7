#!/bin/sh
# Writes the generated part of the cards in this folder again: run it after an environment changed, or
# with the names of the environments that did. It makes a card for an environment that has none.
set -eu
spurion=${SPURION:-spurion}
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- $(ls *.md | sed 's/\.md$//')
part=$(mktemp)
new=$(mktemp)
trap 'rm -f "$part" "$new"' EXIT
for name; do
  "$spurion" describe "$name" --format card > "$part"
  [ -e "$name.md" ] || printf '# %s\n\n' "$name" > "$name.md"
  # The part replaces the old one, or comes before the first section.
  awk -v part="$part" '
    function put() { while ((getline line < part) > 0) print line; done = 1 }
    /^<!-- .spurion describe NAME --format card/ { put(); inside = 1 }
    /^## / && !done { put(); print "" }
    !inside { print }
    /^<!-- End of the generated part/ { inside = 0 }
    END { if (!done) put() }
  ' "$name.md" > "$new"
  cmp -s "$new" "$name.md" || cat "$new" > "$name.md"
done
