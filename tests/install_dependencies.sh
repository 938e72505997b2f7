#!/usr/bin/env bash
# Installs the Debian packages that spurion needs and that are missing, in one apt-get call.
#   tests/install_dependencies.sh          run it for that alone
#   source tests/install_dependencies.sh   get the functions that tests/run.sh and
#                                          benchmarks/quickstart.sh share
# Environment:
#   SPURION_INSTALL=0   install nothing; CMake says what is missing (other distributions, own LibTorch)
#   SPURION_BROWSER=1   also Chromium, for the tests that look at the report in a browser
set -euo pipefail

# "a|b" is satisfied by either and installs the first.
spurion_packages=(
  g++ cmake ninja-build pkg-config
  libtorch-dev libdnnl-dev libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev
  libsqlite3-dev zlib1g-dev libzip-dev libeigen3-dev librsvg2-dev catch2
  "libopenblas0-openmp|libopenblas0-pthread|libopenblas0-serial" # LibTorch is 15 times slower without
  ocl-icd-opencl-dev # Debian 12's CMake configuration of oneDNN asks for OpenCL
  dataset-fashion-mnist
)

say() { printf '\n== %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Runs a command as root: as it is, or through sudo, which may ask for a password.
as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null) == installed* ]]; }

# Prints those of the packages given that are not installed.
missing_packages() {
  local wanted package alternatives
  for wanted in "$@"; do
    IFS='|' read -ra alternatives <<<"$wanted"
    for package in "${alternatives[@]}"; do
      if is_installed "$package"; then continue 2; fi
    done
    echo "${alternatives[0]}"
  done
}

install_dependencies() {
  local wanted=("${spurion_packages[@]}") missing=() log
  if [[ ${SPURION_INSTALL:-1} == 0 ]]; then
    say "SPURION_INSTALL=0: installing no packages"
    return
  fi
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "Not Debian: installing no packages; CMake says what is missing"
    return
  fi
  if [[ ${SPURION_BROWSER:-0} == 1 ]]; then wanted+=(chromium); fi
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if [[ ${#missing[@]} == 0 ]]; then
    say "All ${#wanted[@]} packages needed are installed"
    return
  fi
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    die "these packages are missing and neither root nor sudo is at hand; ask an administrator for:" \
      "apt-get install ${missing[*]}"
  fi
  say "Installing ${#missing[@]} missing packages (a few minutes): ${missing[*]}"
  log=$(mktemp)
  if as_root apt-get update >"$log" 2>&1 </dev/null &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      "${missing[@]}" >>"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    tail -n 15 "$log" >&2
    die "apt-get failed; its whole output is in $log"
  fi
}

# How many compilers may run at once: one per core, and about 2.5 GiB of free memory for each.
build_jobs() {
  local cores kib limit
  cores=$(nproc)
  kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || true)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < ${kib:-0})); then kib=$((limit / 1024)); fi
  local fit=$((${kib:-2621440} / 2621440))
  ((fit >= 1)) || fit=1
  echo $((fit < cores ? fit : cores))
}

# build_spurion CHECKOUT ON|OFF: Release into CHECKOUT/build, with or without tests. A new folder
# compiles in batches, which is fastest from nothing; one that is there already stays as it is.
build_spurion() {
  local build=$1/build jobs batches=()
  jobs=$(build_jobs)
  if ! mkdir -p "$build" 2>/dev/null || [[ ! -w $build ]]; then
    die "cannot write to $build; use a checkout of your own"
  fi
  if [[ ! -e $build/CMakeCache.txt ]]; then batches=(-DSPURION_UNITY=ON); fi
  say "Building spurion in $build ($jobs at a time)"
  cmake --log-level=NOTICE -S "$1" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DSPURION_BUILD_TESTS="$2" "${batches[@]}"
  cmake --build "$build" --parallel "$jobs"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then install_dependencies; fi
