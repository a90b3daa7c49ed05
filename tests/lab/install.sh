#!/bin/sh
# Installs what the lab runs, from Debian's packages, without starting any of it. Does nothing when it is all there.
set -eu
here=$(dirname "$0")
missing=""
while read -r package; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="$missing $package"
done < "$here/packages.txt"
[ -n "$missing" ] || exit 0
# Packages must not start services of their own: the lab starts private instances.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=600 -qq update
# shellcheck disable=SC2086
apt-get -o DPkg::Lock::Timeout=600 -qq -y install --no-install-recommends $missing
