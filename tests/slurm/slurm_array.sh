#!/usr/bin/env bash
# slurm_array.sh SPURION WORK: runs a suite as an array of 8 tasks of a Slurm of its own (munged, slurmctld and
# slurmd of the packages munge and slurm-wlm), kills and requeues tasks, drains and resumes the node, merges the
# stores and compares them with those of one machine. Exit code 77: skipped, with the reason.
set -euo pipefail
spurion=$1
work=$2
skip() { echo "skipped: $*"; exit 77; }
[[ $(id -u) == 0 ]] || skip "slurmd needs root here"
for program in munged slurmctld slurmd sbatch scontrol; do
  PATH=$PATH:/usr/sbin command -v "$program" >/dev/null ||
    skip "$program is not installed (Debian: apt-get install munge slurm-wlm)"
done
export PATH=$PATH:/usr/sbin
rm -rf "$work"
# Sockets have short names.
run=$(mktemp -d /tmp/spurion_slurm.XXXXXX)
chmod 755 "$run"
mkdir -p "$work" "$run"/{state,spool}
started=()
finish() {
  local code=$?
  scancel --user=root 2>/dev/null && sleep 2 || true
  for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
  sleep 0.5
  for id in "${started[@]}"; do kill -9 "$id" 2>/dev/null || true; done
  if [[ $code != 0 && $code != 77 ]]; then tail -n 30 "$run"/*.log || true; tail -n 15 "$work"/out/logs/*.log || true; fi
  rm -rf "$run"
  exit "$code"
}
trap finish EXIT

dd if=/dev/urandom of="$run/key" bs=1024 count=1 status=none
chmod 600 "$run/key"
munged --foreground --force --key-file="$run/key" --socket="$run/munge" --pid-file="$run/munge.pid" \
  --seed-file="$run/seed" --log-file="$run/munge.log" >"$run/munged.log" 2>&1 &
started+=($!)
host=$(hostname -s)
port=$((20000 + $$ % 20000))
cat >"$run/slurm.conf" <<CONF
ClusterName=spurion
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$run/munge
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$run/state
SlurmdSpoolDir=$run/spool
SlurmctldPidFile=$run/slurmctld.pid
SlurmdPidFile=$run/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=5
MaxArraySize=5
SlurmctldTimeout=60
SlurmdTimeout=60
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
export SLURM_CONF=$run/slurm.conf
for _ in $(seq 50); do [[ -S $run/munge ]] && break; sleep 0.1; done
[[ -S $run/munge ]] || skip "munged does not start here: $(tail -n 1 "$run/munged.log")"
slurmctld -D -i -f "$SLURM_CONF" >"$run/slurmctld.log" 2>&1 &
started+=($!)
slurmd -D -f "$SLURM_CONF" -N "$host" >"$run/slurmd.log" 2>&1 &
started+=($!)
state() { scontrol -o show node "$host" 2>/dev/null | grep -o 'State=[A-Z+*]*' || true; }
for _ in $(seq 100); do [[ $(state) == State=IDLE ]] && break; sleep 0.2; done
[[ $(state) == State=IDLE ]] || skip "Slurm does not start here: $(tail -n 1 "$run/slurmctld.log")"

cat >"$work/toy.toml" <<'TOML'
name = "toy"
seeds = 8
[defaults]
environment = { name = "two_bit" }
model = { name = "mlp", width = 8, depth = 1 }
regime = { name = "offline" }
training = { steps = 8000, rows = 64, batch = 16 }
evaluation = { rows = 101, training_rows = 33 }
[[experiment]]
name = "grid"
[experiment.grid]
method = [{ name = "erm" }, { name = "irm_v1" }]
TOML
cd "$work"
"$spurion" run toy.toml --out whole --quiet --checkpoint 1
# Arrays have at most 5 tasks here, so that 8 tasks are two arrays.
"$spurion" submit toy.toml --out out --tasks 8 --time 10 --memory 300
jobs() { squeue -h -r -o '%T' | sort | uniq -c | tr '\n' ' '; }
wait_for() { # wait_for SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS > end)); then echo "waited too long for: $*; jobs: $(jobs)"; return 1; fi
    sleep 0.3
  done
}
is_running() { [[ -n $(squeue -h -r -t R -o '%i') ]]; }
first_running() { squeue -h -r -t R -o '%i' | head -n 1; }
wait_for 60 is_running
# As Slurm does when time is nearly over: the batch script is told, the task saves its place and is queued again.
task=$(first_running)
sleep 2
timeout 3 scancel --batch --signal=USR1 "$task" || true # it waits, since the task is queued again at once
requeued() { [[ $(scontrol -o show job "$task" | grep -o 'Restarts=[0-9]*') != Restarts=0 ]]; }
wait_for 60 requeued
echo "task $task saved its place and was queued again"
# A task that is killed outright and queued again by the operator.
wait_for 60 is_running
killed=$(first_running)
scontrol requeue "$killed"
echo "task $killed was killed and queued again"
# The node is drained: what runs ends, nothing starts; then it is resumed.
scontrol update NodeName="$host" State=DRAIN Reason=test
none_running() { [[ -z $(squeue -h -r -t R,CG -o '%i') ]]; }
wait_for 120 none_running
[[ -n $(squeue -h -r -o '%i') ]] || { echo "nothing was left when the node was drained"; exit 1; }
scontrol update NodeName="$host" State=RESUME
# Requeued tasks wait a while before they may start again; here they need not.
release() { for id in $(squeue -h -r -t PD -o '%i'); do scontrol update JobId="$id" StartTime=now 2>/dev/null || true; done; }
none_left() {
  release
  [[ -z $(squeue -h -r -o '%i') ]]
}
wait_for 180 none_left
"$spurion" status out
"$spurion" merge out
"$spurion" merge out | grep -q '; 0 new'
for folder in whole out; do "$spurion" report "$folder" >/dev/null; done
cmp whole/csv/measurements.csv out/csv/measurements.csv
(($(wc -l <out/csv/measurements.csv) > 16))
echo "an array of 8 tasks made the store of one machine, to the bit"
