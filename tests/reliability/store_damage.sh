#!/bin/sh
# Flips single bits of a store of 200 trials, 10,000 unless told otherwise, one at a time, and counts
# what reading each gives: the same, damage that is named, or a refusal. Fails when a number changed.
#   tests/reliability/store_damage.sh [BUILD_FOLDER [FLIPS]]
set -eu
build=${1:-$(dirname "$0")/../../build}
SPURION_FLIPS=${2:-10000} "$build/unit_store" "a flipped bit never changes what is reported"
