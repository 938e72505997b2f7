#!/bin/sh
# Writes the generated part of the cards in this folder again: run it after an environment changed, or
# with the names of the environments that did. It makes a card for an environment that has none.
# With --check it writes nothing, and fails where a card is not what it would write.
set -eu
spurion=${SPURION:-spurion}
cd "$(dirname "$0")"
check=no
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
[ $# -gt 0 ] || set -- $(ls *.md | sed 's/\.md$//')
part=$(mktemp)
new=$(mktemp)
trap 'rm -f "$part" "$new"' EXIT
wrong=
for name; do
  "$spurion" describe "$name" --format card > "$part"
  if [ ! -e "$name.md" ]; then
    [ $check = no ] || { wrong="$wrong $name"; continue; }
    printf '# %s\n\n' "$name" > "$name.md"
  fi
  # The part replaces the old one, or comes before the first section.
  awk -v part="$part" '
    function put() { while ((getline line < part) > 0) print line; done = 1 }
    /^<!-- .spurion describe NAME --format card/ { put(); inside = 1 }
    /^## / && !done { put(); print "" }
    !inside { print }
    /^<!-- End of the generated part/ { inside = 0 }
    END { if (!done) put() }
  ' "$name.md" > "$new"
  cmp -s "$new" "$name.md" && continue
  if [ $check = yes ]; then wrong="$wrong $name"; else cat "$new" > "$name.md"; fi
done
if [ -n "$wrong" ]; then
  echo "these cards are not what 'spurion describe NAME --format card' writes:$wrong" >&2
  echo "run datasets/update_cards.sh$wrong" >&2
  exit 1
fi
