#!/bin/bash
# Builds the root file system of a storage host: Debian 12 with DRBD's tools, heartbeat, pacemaker, the NFS server and
# Zabbix's agent, and the modules of the User-Mode-Linux kernel. What a host is (name, address, configuration, keys)
# comes with its start.
#   image.sh OUT.img      (root; mmdebstrap, user-mode-linux, e2fsprogs)
set -euo pipefail
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
out=$1
work=$(mktemp -d "$(dirname "$out")/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
packages=systemd,systemd-sysv,openssh-server,iproute2,iputils-ping,iputils-arping,kmod,procps,psmisc,e2fsprogs,netbase
packages=$packages,util-linux,lvm2,python3-minimal,drbd-utils,heartbeat,cluster-glue,resource-agents
packages=$packages,nfs-kernel-server,nfs-common,rpcbind,pacemaker,pacemaker-cli-utils,corosync,zabbix-agent,chrony,nftables
mmdebstrap --quiet --variant=minbase --mode=root \
  --aptopt='Acquire::Retries "5"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --essential-hook='mkdir -p "$1/usr/share/man/man1"' \
  --include="$packages" bookworm "$root"
version=$(ls /usr/lib/uml/modules)
mkdir -p "$root/lib/modules"
cp -a "/usr/lib/uml/modules/$version" "$root/lib/modules/"
chroot "$root" /sbin/depmod "$version"

# Name, address and configuration: from the kernel's command line and a tar archive on the third disk.
cat > "$root/usr/local/sbin/lab-host" <<'X'
#!/bin/sh
for word in $(cat /proc/cmdline); do
  case $word in lab.host=*) host=${word#*=};; lab.address=*) address=${word#*=};; esac
done
echo "$host" > /proc/sys/kernel/hostname
echo "$host" > /etc/hostname
ip link set lo up
ip addr replace "$address" brd + dev vec0
ip link set vec0 up
[ -e /etc/lab-configured ] || tar -C / -xf /dev/ubdc && : > /etc/lab-configured
[ ! -x /usr/local/sbin/lab-start ] || /usr/local/sbin/lab-start
X
cat > "$root/etc/systemd/system/lab-host.service" <<'X'
[Unit]
Description=Name, address and configuration of a host of the lab
DefaultDependencies=no
After=systemd-remount-fs.service local-fs.target
Before=network.target ssh.service sysinit.target
Wants=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-host
X
chmod 755 "$root/usr/local/sbin/lab-host"
units=$root/etc/systemd/system
mkdir -p "$units/sysinit.target.wants"
ln -s ../lab-host.service "$units/sysinit.target.wants/"

# Without what a host of the lab does not need: it answers on port 22 after some seconds instead of sixteen.
for unit in getty@.service serial-getty@.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer \
  dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer networking.service \
  systemd-random-seed.service console-getty.service getty.target systemd-networkd.service systemd-networkd.socket \
  systemd-logind.service systemd-update-utmp.service systemd-udev-settle.service dev-hugepages.mount \
  dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
  systemd-udev-trigger.service systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
  modprobe@.service kmod-static-nodes.service systemd-modules-load.service systemd-binfmt.service \
  systemd-sysusers.service systemd-sysctl.service systemd-journal-flush.service systemd-user-sessions.service \
  systemd-pstore.service systemd-journal-catalog-update.service systemd-hwdb-update.service \
  systemd-machine-id-commit.service systemd-firstboot.service ldconfig.service systemd-update-done.service \
  user@.service user-runtime-dir@.service lvm2-monitor.service blk-availability.service dm-event.socket \
  dm-event.service lvm2-lvmpolld.socket rpc-statd.service rpc-statd-notify.service; do
  ln -sf /dev/null "$units/$unit"
done
for unit in zabbix-agent heartbeat logd pacemaker corosync drbd nfs-server nfs-kernel-server rpcbind nfs-blkmap; do
  rm -f "$units"/*.wants/$unit.service "$units"/*.wants/$unit.socket
done
rm -f "$units"/*.wants/nfs-client.target "$root"/{usr/,}lib/modules-load.d/drbd.conf
mkdir -p "$units/../system.conf.d" "$units/../journald.conf.d"
printf '[Manager]\nDefaultTimeoutStartSec=30s\nDefaultTimeoutStopSec=15s\n' > "$units/../system.conf.d/lab.conf"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n' > "$units/../journald.conf.d/lab.conf"
: > "$root/etc/fstab"
: > "$root/etc/resolv.conf"
: > "$root/etc/machine-id"
rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
mkdir -p "$root/srv/nfs" "$root/mnt/nfs"

# There is no udev: LVM makes its own nodes.
cat > "$root/etc/lvm/lvmlocal.conf" <<'X'
activation { udev_sync = 0
  udev_rules = 0
  verify_udev_operations = 1
  monitoring = 0 }
devices { obtain_device_list_from_udev = 0
  external_device_info_source = "none" }
X
rm -f "$work/image"
truncate -s 1500M "$work/image"
mkfs.ext4 -q -F -m 0 -E lazy_itable_init=0,lazy_journal_init=0 -O ^metadata_csum,^64bit -d "$root" "$work/image"
mv "$work/image" "$out"
