#!/bin/bash
# A bare host's power: its disk lies in memory as long as this runs, and what it boots is booted again when it
# asks for that (reboot(2): the first process of a PID namespace ends with SIGHUP then).
#   power.sh LOWER STATE OWN NAME ADDRESS
# LOWER is the root file system that all hosts share, STATE an empty folder, OWN a folder with files of its own.
set -eu
lower=$1 state=$2 own=$3 name=$4 address=$5
mount --make-rprivate /
mount -t tmpfs -o mode=755 state "$state"
root=$state/root
mkdir "$state/upper" "$state/work" "$root"
mount -t overlay -o "lowerdir=$lower,upperdir=$state/upper,workdir=$state/work" overlay "$root"
cp -a "$own/." "$root/"
echo "$name" > "$root/etc/hostname"
# The load is that of all hosts together, and the computer may have been started a minute ago: neither is the host's.
echo "0.00 0.00 0.00 1/100 1" > "$state/loadavg"
echo "2592000.00 5000000.00" > "$state/uptime"
ended=129
while [ "$ended" = 129 ]; do
  ended=0
  setpriv --pdeathsig KILL unshare --mount --pid --uts --ipc --cgroup --fork --kill-child -- \
    "$(dirname "$0")/boot.sh" "$state" "$address" || ended=$?
  [ "$ended" != 129 ] || sleep 3  # firmware
done
exit "$ended"
