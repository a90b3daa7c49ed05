#!/bin/sh
# Unpacks packages of the Debian release $2 into the folder $1/root: nothing is installed, and this system's own
# packages stay as they are. $3 is `install` (with what they depend on) or `download` (just these). Does nothing
# when it was done.
#
# Package lists and archives are verified with Debian's keyring, as apt(8) does it.
set -eu
folder=$1 release=$2 how=$3
shift 3
[ ! -d "$folder/root" ] || exit 0
rm -rf "$folder"
mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
folder=$(cd "$folder" && pwd)
: >"$folder/state/status"
mirror=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | grep -m 1 'debian/*$' || :)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] ${mirror:-http://deb.debian.org/debian} $release main" >"$folder/sources.list"
apt() {
    apt-get -qq -y \
        -o Dir::State="$folder/state" -o Dir::State::status="$folder/state/status" -o Dir::Cache="$folder/cache" \
        -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/nonexistent \
        -o Acquire::Languages=none -o APT::Sandbox::User=root -o Acquire::http::Timeout=30 "$@"
}
apt update
cd "$folder/cache/archives"
case $how in
    install) apt --download-only --no-install-recommends install "$@" ;;
    download) apt download "$@" ;;
esac
for package in ./*.deb; do
    dpkg-deb -x "$package" "$folder/new"
done
rm -rf "$folder/cache" "$folder/state"
mv "$folder/new" "$folder/root"
