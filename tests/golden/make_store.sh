#!/usr/bin/env bash
# make_store.sh SPURION: runs golden.toml anew and keeps its store in results/ beside this file.
set -euo pipefail
spurion=${1:?the executable}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$spurion" run "$here/golden.toml" --out "$work/results" --jobs 1 --strict
rm -rf "$here/results"
mkdir "$here/results"
cp "$work"/results/*.sqlite "$here/results/"
ls -l "$here/results"
