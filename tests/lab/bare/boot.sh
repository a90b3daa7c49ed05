#!/bin/bash
# Boots a bare host in the namespaces that it was started in; ends when it does.
#   boot.sh STATE ADDRESS
set -eu
state=$1 address=$2
root=$state/root
mount --make-rprivate /
hostname -F "$root/etc/hostname"
mount -t proc proc "$root/proc"
mount --bind "$state/loadavg" "$root/proc/loadavg"
mount --bind "$state/uptime" "$root/proc/uptime"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
until ip link set eth0 up 2>/dev/null; do sleep 0.05; done
ip addr replace "$address/24" dev eth0
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l .old
# A kernel that begins has no rules.
nft flush ruleset 2>/dev/null || true
# Whatever runs in here cannot set this computer's clock.
exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no
