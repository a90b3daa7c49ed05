#!/bin/sh
# Hands a storage pair's resources from one node to the other, by heartbeat's own resource scripts.
#
#   hand_over.sh VERB FOLDER RESOURCE MINOR [WORDS...]
#
# WORDS are resources as haresources writes them, in order: drbddisk::r0 Filesystem::/dev/drbd0::/srv/nfs::ext4 ...
# The nodes tell each other by DRBD's connection alone how far they are: `take` waits on the standby until the other
# one is Secondary, `give` stops everything on the active one and starts it again should the other not take it. What
# waits goes on when nobody is connected any more. Nobody is promoted without a connection but by `start`.
set -uf
verb=$1 folder=$2 resource=$3 minor=$4
shift 4
TAKE=120 KEEP=15 WATCH=60

say() { echo "$*" >>"$folder/$verb.log"; }

# Connection and both roles: cs and ro, as /proc/drbd of 8.4 has them; DRBD 9 is asked by drbdsetup.
look() {
  cs=Unknown ro=Unknown/Unknown
  while read -r first second third _; do
    case $first in
    "$minor:") cs=${second#cs:} ro=${third#ro:} && return 0 ;;
    esac
  done </proc/drbd
  own='' peer='' cs=Unconnected
  while read -r first second third _; do
    case $first in
    "$resource") own=${second#role:} ;;
    replication:*) cs=${first#replication:} ;;
    *) case $second in
      role:*) cs=Connected peer=${second#role:} ;;
      connection:*) cs=${second#connection:} ;;
      esac ;;
    esac
  done <<X
$(timeout 3 drbdsetup status "$resource" 2>/dev/null)
X
  ro=${own:-Unknown}/${peer:-Unknown}
}

both_secondary() { look && [ "$cs" = Connected ] && [ "$ro" = Secondary/Secondary ]; }

# One resource's script with its arguments and a verb; heartbeat looks for it in these places.
script() {
  words=$1 act=$2
  name=${words%%::*}
  path=/etc/ha.d/resource.d/$name
  [ -x "$path" ] || path=/etc/init.d/$name
  [ -x "$path" ] || { echo "there is no script $name" && return 5; }
  set --
  while [ "$words" != "${words#*::}" ]; do
    words=${words#*::}
    set -- "$@" "${words%%::*}"
  done
  "$path" "$@" "$act"
}

# Output goes to the log; the first that fails ends it.
start_all() {
  for one in "$@"; do
    script "$one" start >>"$folder/$verb.log" 2>&1 </dev/null || { say "start $one: status $?" && return 1; }
  done
}

stop_all() {
  backwards=''
  for one in "$@"; do backwards="$one $backwards"; done
  for one in $backwards; do
    script "$one" stop >>"$folder/$verb.log" 2>&1 </dev/null || { say "stop $one: status $?" && return 1; }
  done
}

# A process of its own that goes on alone, in a lock: two never hand over at the same time.
alone() {
  : >"$folder/$verb.log"
  : >"$folder/$verb.flag"
  setsid flock -n -E 75 "$folder/$verb.lock" sh "$0" "$verb-alone" "$folder" "$resource" "$minor" "$@" \
    >/dev/null 2>&1 </dev/null &
}

# Waits for the line that begins with one of the words; prints what is logged.
until_said() {
  seconds=$1 pattern=$2 n=0
  until grep -qE "$pattern" "$folder/$verb.log"; do
    n=$((n + 1))
    [ "$n" -lt $((seconds * 10)) ] || break
    sleep 0.1
  done
  cat "$folder/$verb.log"
  grep -qE "$pattern" "$folder/$verb.log"
}

# What watches here over an earlier move, whose console died, ends first: two would start everything at once.
ended() {
  rm -f "$folder/$1.flag"
  flock -w 10 "$folder/$1.lock" true || { echo "$1 goes on" && exit 4; }
}

case $verb in
ready) # what starting needs is loaded, and read from the disk once
  modprobe -q nfsd 2>/dev/null
  for one in "$@"; do
    name=${one%%::*}
    for path in "/etc/ha.d/resource.d/$name" "/etc/init.d/$name"; do
      [ ! -x "$path" ] || cat "$path" >/dev/null
    done
  done
  for name in drbdadm drbdsetup mount umount exportfs rpc.nfsd ip arping flock; do
    path=$(command -v "$name") && cat "$path" >/dev/null
  done
  echo ready
  ;;
take)
  both_secondary && echo "both are Secondary: nothing is to be given" && exit 3
  case $ro in Primary/*) echo "it is here" && exit 0 ;; esac
  ended give
  alone "$@"
  until_said 10 '^waiting'
  ;;
take-alone)
  verb=take
  say waiting
  n=0
  until both_secondary; do
    [ -e "$folder/take.flag" ] || { say "stopped" && exit 0; }
    case "$cs $ro" in
    *" Primary/"*) say "it is here" && exit 0 ;;
    "Connected "*) ;;
    *) say "not connected any more: $cs $ro" && exit 1 ;;
    esac
    n=$((n + 1))
    [ "$n" -lt $((TAKE * 40)) ] || { say "the other node gave nothing" && exit 1; }
    sleep 0.02
  done
  if start_all "$@"; then say taken; else stop_all "$@" && say "given back"; fi
  ;;
tickle) # clients notice at once: the reset of a connection that this node does not know ends their waiting
  address=$1
  shift
  n=0
  until ip -br addr | grep -qF " $address/"; do
    n=$((n + 1))
    [ "$n" -lt 300 ] || exit 1
    sleep 0.1
  done
  for path in /usr/libexec/heartbeat/tickle_tcp /usr/lib/heartbeat/tickle_tcp; do
    if [ -x "$path" ] && [ $# -gt 0 ]; then
      printf '%s\n' "$@" | "$path" -n 3 || exit 1
      break
    fi
  done
  echo "told $# connections"
  ;;
give)
  ended take
  alone "$@"
  until_said 60 '^(given|kept|lost)'
  grep -q '^given' "$folder/give.log"
  ;;
give-alone)
  verb=give
  if ! stop_all "$@"; then
    start_all "$@" && say "kept: not everything could be stopped" || say "lost: neither stopped nor started again"
    exit 1
  fi
  say given
  n=0 taken=''
  while [ -e "$folder/give.flag" ] && [ "$n" -lt $((WATCH * 10)) ]; do
    n=$((n + 1))
    if both_secondary && { [ -n "$taken" ] || [ "$n" -gt $((KEEP * 10)) ]; }; then
      start_all "$@" && say "taken back: the other node did not take it" && exit 0
      say "lost: it could not be started again"
      exit 1
    fi
    [ "$ro" != Secondary/Primary ] || taken=yes
    sleep 0.1
  done
  say "the other node has it"
  ;;
settled) rm -f "$folder/give.flag" "$folder/take.flag" ;;
drop)
  rm -f "$folder/take.flag" "$folder/give.flag"
  : >"$folder/drop.log"
  flock -w 60 "$folder/take.lock" true || { echo "take goes on" && exit 4; }
  stop_all "$@"
  status=$?
  cat "$folder/drop.log"
  exit $status
  ;;
start | back) # `back` only while DRBD says that the other one is Secondary; `start` where it is proven dead or idle
  rm -f "$folder/give.flag" "$folder/take.flag"
  : >"$folder/$verb.log"
  # What still stops or starts something comes to its end first.
  for one in give take; do flock -w 90 "$folder/$one.lock" true || { echo "$one goes on" && exit 4; }; done
  look
  case "$verb $cs $ro" in
  "back Connected Secondary/Secondary" | *" Primary/"* | "start "*) ;;
  *) echo "not started: $cs $ro" && exit 3 ;;
  esac
  start_all "$@"
  status=$?
  cat "$folder/$verb.log"
  exit $status
  ;;
discard) # gives its own changes up; the direction is looked at until it is known, and the wrong one is cut at once
  drbdadm disconnect "$resource" 2>/dev/null
  drbdadm secondary "$resource" || exit 1
  before=$(dmesg | grep -c 'Began resync as')
  drbdadm connect --discard-my-data "$resource" || exit 1
  n=0
  while [ "$n" -lt 1200 ]; do
    n=$((n + 1))
    look
    case $cs in
    WFBitMapT | WFSyncUUID | SyncTarget | PausedSyncT) echo "direction: to this node" && exit 0 ;;
    WFBitMapS | SyncSource | PausedSyncS) wrong=yes ;;
    StandAlone) echo "refused: the other node does not connect" && exit 8 ;;
    Connected | Established) # a short one is over already
      [ "$(dmesg | grep -c 'Began resync as')" -gt "$before" ] || { sleep 0.05 && continue; }
      case $(dmesg | grep 'Began resync as' | tail -n 1) in
      *SyncTarget*) echo "direction: to this node, done" && exit 0 ;;
      *) wrong=yes ;;
      esac ;;
    *) sleep 0.02 && continue ;;
    esac
    [ -z "${wrong:-}" ] || { drbdadm disconnect "$resource" && echo "wrong direction: disconnected" && exit 9; }
  done
  echo "no connection within 60 s" && exit 10
  ;;
*) echo "unknown verb $verb" && exit 2 ;;
esac
