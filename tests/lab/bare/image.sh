#!/bin/bash
# Builds the root file system of a bare host: Debian 12 as it is right after its packages were installed.
#   image.sh OUT      (root; mmdebstrap)
set -euo pipefail
out=$1
packages=systemd,systemd-sysv,openssh-server,iproute2,iputils-ping,procps,netbase,ca-certificates,chrony,nftables
packages=$packages,mariadb-server,mariadb-backup,haproxy,socat
packages=$packages,nginx-light,openjdk-17-jre-headless,tomcat10,tomcat10-admin,libmariadb-java
rm -rf "$out"
mmdebstrap --quiet --variant=minbase --mode=root \
  --aptopt='Acquire::Retries "5"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --essential-hook='mkdir -p "$1/usr/share/man/man1"' \
  --include="$packages" bookworm "$out"
# The clock is this computer's: chronyd measures it, and leaves it alone.
echo 'DAEMON_OPTS="-F 1 -x"' > "$out/etc/default/chrony"
mkdir -p "$out/etc/systemd/system/chrony.service.d"
printf '[Unit]\nConditionCapability=\n' > "$out/etc/systemd/system/chrony.service.d/lab.conf"
rm -rf "$out"/etc/ssh/ssh_host_* "$out"/var/cache/apt/archives/*.deb "$out"/var/lib/apt/lists/*
: > "$out/etc/machine-id"
rm -f "$out/etc/resolv.conf"
