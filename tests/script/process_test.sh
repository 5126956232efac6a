#!/bin/bash
# A process of the trial cluster is known by its number and its start: a number that the kernel has
# given to somebody else is not taken for it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. cluster/process.sh

fail() {
	echo "$*"
	exit 1
}

work=$(mktemp -d)
trap 'process_kill sleeper; rm -rf "$work"' EXIT
export PROCESSES=$work LOGS=$work

process_start sleeper sleep 60
sleep 0.2
pid=$(process_pid sleeper) || fail "a process that was started is not known"
[ "$(cat "/proc/$pid/comm")" = sleep ] || fail "process $pid is not the one that was started"

echo "$$ 1" >"$work/stranger"
! process_pid stranger || fail "a stranger with the recorded number was taken for ours"
process_kill stranger

process_kill sleeper
! process_pid sleeper || fail "a killed process is still known"
! process_pid never || fail "a process that never was is known"
echo "processes are told apart"
