#!/usr/bin/env bash
# Two hosts on one machine: two network namespaces, 2 ranks in each, over TCP. Trains at 1 Gbit/s
# and at 100 Mbit/s, cuts the link in the middle, and resumes. Takes about two minutes.
#
#   scripts/test_two_hosts.sh
#
# Needs root, `ip` and `tc` (iproute2). Status 0: passed; 77: cannot be run here, with the reason in
# a line that begins with SKIPPED; others: failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() {
  echo "SKIPPED scripts/test_two_hosts.sh: $*"
  exit 77
}

fail() {
  echo "two hosts: error: $*" >&2
  tail -n 40 "$work"/*.log >&2 || true
  exit 1
}

trainer=${VARED_TRAIN:-$PWD/.build/release/vared-train}
[ "$(id -u)" -eq 0 ] || skip "network namespaces are made as root"
command -v ip tc unshare >/dev/null || skip "missing package: iproute2"
[ -x "$trainer" ] || skip "no $trainer; build it with 'swift build -c release'"
one=vared-one-$$ two=vared-two-$$
if ! ip netns add "$one" 2>/dev/null; then
  skip "this machine makes no network namespaces (ip netns add)"
fi
work=$(mktemp -d)
launched=""
clean() {
  [ -z "$launched" ] || kill -9 "$launched" 2>/dev/null || true
  for space in "$one" "$two"; do
    ip netns pids "$space" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
    ip netns del "$space" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap clean EXIT

ip netns add "$two"
ip link add veth1 netns "$one" type veth peer name veth2 netns "$two" ||
  skip "this machine makes no pairs of network devices (ip link add type veth)"
number=0
for space in "$one" "$two"; do
  number=$((number + 1))
  ip -n "$space" addr add 10.77.0.$number/24 dev veth$number
  ip -n "$space" link set veth$number up
  ip -n "$space" link set lo up
done
limit() { # rate
  ip netns exec "$one" tc qdisc replace dev veth1 root tbf rate "$1" burst 256k latency 50ms &&
    ip netns exec "$two" tc qdisc replace dev veth2 root tbf rate "$1" burst 256k latency 50ms
}
limit 1gbit 2>/dev/null || skip "this machine cannot limit the rate of a device (tc tbf)"

# What mpirun starts its daemon on the second host with: the host's address, then the command.
cat >"$work/agent" <<AGENT
#!/usr/bin/env bash
shift
exec ip netns exec $two unshare --uts sh -c 'hostname host-two; exec sh -c "\$*"' -- "\$@"
AGENT
chmod +x "$work/agent"
printf '10.77.0.1 slots=2\n10.77.0.2 slots=2\n' >"$work/hosts"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_oob_tcp_keepalive_time=10 OMPI_MCA_oob_tcp_keepalive_intvl=3
export OMPI_MCA_oob_tcp_keepalive_probes=3
export OMPI_MCA_plm_rsh_agent=$work/agent OMPI_MCA_btl=self,vader,tcp
export OMPI_MCA_btl_tcp_if_include=10.77.0.0/24 OMPI_MCA_oob_tcp_if_include=10.77.0.0/24

"$trainer" synthesize --output "$work/clips" --shapes circle,cross --train 16 --val 1 --frames 4 \
  --size 16 >/dev/null
# Ranks that only say where they are, so that what follows fails by our own fault only.
ranks_start() {
  timeout 60 ip netns exec "$one" unshare --uts sh -c 'hostname host-one; exec "$@"' -- \
    mpirun -n 4 --hostfile "$work/hosts" --map-by slot --bind-to none --oversubscribe hostname \
    >"$work/first.log" 2>&1 </dev/null || true
  [ "$(grep -cx 'host-one\|host-two' "$work/first.log")" -eq 4 ]
}
ranks_start || skip "mpirun does not start ranks in both namespaces here"
stall_seconds=10
start() { # output, more flags
  local output=$1
  shift
  ip netns exec "$one" unshare --uts sh -c 'hostname host-one; exec "$@"' -- \
    mpirun -n 4 --hostfile "$work/hosts" --map-by slot --bind-to none --oversubscribe \
    "$trainer" train --data "$work/clips/labels.csv" --output "$work/$output" --network fixed \
    --width 0.25 --frames 4 --frame-stride 1 --size 16 --batch 4 --threads 1 --data-threads 1 \
    --evaluate-every 0 --checkpoint-every 5 --stall-timeout "$stall_seconds" "$@" \
    >>"$work/$output.log" 2>&1 </dev/null &
  launched=$!
}
finish() { # output
  local status=0
  wait "$launched" || status=$?
  launched=""
  [ "$status" -eq 0 ] || fail "$1 ended with status $status"
}

for rate in 1gbit 100mbit; do
  limit "$rate"
  begin=$(date +%s%N)
  start "rate-$rate" --epochs 3
  finish "rate-$rate"
  steps=$(grep -c '"kind":"step"' "$work/rate-$rate/metrics.jsonl")
  [ "$steps" -eq 30 ] || fail "at $rate: $steps of 30 steps"
  echo "two hosts: $rate: 30 steps in $((($(date +%s%N) - begin) / 1000000)) ms, with start and end"
done
losses() {
  grep -o '"kind":"step","step":[0-9]*,"epoch":[0-9]*,"loss":[^,]*' "$work/$1/metrics.jsonl"
}
cmp -s <(losses rate-1gbit) <(losses rate-100mbit) ||
  fail "other losses at 100 Mbit/s than at 1 Gbit/s"

# The link goes down amid training: everything ends, with the reason, and mpirun too.
limit 1gbit
start cut --epochs 100000
for _ in $(seq 600); do
  compgen -G "$work/cut/checkpoints/step-*.h5" >/dev/null && break
  sleep 0.1
done
compgen -G "$work/cut/checkpoints/step-*.h5" >/dev/null || fail "cut: no checkpoint in a minute"
ip -n "$one" link set veth1 down
cut=$(date +%s)
for _ in $(seq 1200); do
  kill -0 "$launched" 2>/dev/null || break
  sleep 0.1
done
took=$(($(date +%s) - cut))
kill -0 "$launched" 2>/dev/null && fail "cut: mpirun is still there after $took s"
status=0
wait "$launched" || status=$?
launched=""
[ "$status" -ne 0 ] || fail "cut: ended with status 0"
[ "$took" -le $((stall_seconds + 30)) ] || fail "cut: took $took s to end"
grep -q "no word from host-\(one\|two\)" "$work/cut.log" || fail "cut: the silent host is not named"
grep "no word from" "$work/cut.log" | head -n 1
echo "two hosts: link cut: all ended after $took s (stall time $stall_seconds s), status $status"

# The ranks on the far side notice the same way. Their daemon may wait for the network.
far_ranks() {
  ip netns pids "$two" | xargs -r ps -o comm= -p | grep -cFx "${trainer##*/}"
}
while [ "$(far_ranks)" -gt 0 ]; do
  took=$(($(date +%s) - cut))
  [ "$took" -le $((stall_seconds + 45)) ] || fail "cut: ranks are left on the second host"
  sleep 0.5
done
echo "two hosts: the ranks on the far side ended within $(($(date +%s) - cut)) s"
ip -n "$one" link set veth1 up
ip netns pids "$two" | xargs -r kill -9 2>/dev/null || true
# The network takes a moment to find its way again.
for _ in $(seq 20); do
  ! ranks_start || break
  sleep 1
done
step=$(find "$work/cut/checkpoints" -name 'step-*.h5' | sort | tail -n 1)
step=${step##*step-}
step=$((10#${step%.h5}))
start cut --epochs $((step / 10 + 2))
finish cut
grep -q "resuming from .*step $step" "$work/cut.log" || fail "cut: did not resume from step $step"
echo "two hosts: resumed from step $step"
echo "PASSED scripts/test_two_hosts.sh"
