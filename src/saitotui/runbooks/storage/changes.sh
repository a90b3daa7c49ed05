# Lists what was changed in a file system since DRBD lost its peer: sh -s -- DEVICE FOLDER
# The first line counts; then one line each: octets, time, kind (f, d, l), path. Folders whose entries went are listed.
set -u
device=$1 place=$2/split list=$2/changes
read -r up _ </proc/uptime
lost=$(dmesg </dev/null | grep -F 'conn( Connected ->' | tail -n 1 | sed 's/^\[ *\([0-9]*\).*/\1/')
since=0 words='in all: the log does not tell since when'
if [ -n "$lost" ]; then
  since=$(($(date +%s) - $(echo "$up" | cut -d. -f1) + lost - 1))
  words="since $(date -u -d "@$since" +%FT%TZ)"
fi
# Behind the file system lies DRBD's metadata, which would be taken for what the disk is.
kind=$(blkid -p -n ext2,ext3,ext4,xfs,btrfs -o value -s TYPE "$device" </dev/null) || exit 4
options=ro
[ "$kind" != xfs ] || options=ro,nouuid
mkdir -p "$place"
mount -t "$kind" -o "$options" "$device" "$place" </dev/null || exit 5
find "$place" -xdev -newermt "@$since" -printf '%s %TY-%Tm-%TdT%TH:%TM:%.2TS %y %P\n' </dev/null >"$list"
umount "$place" </dev/null || exit 6
files=0 octets=0
while read -r size _ type _; do
  [ "$type" = f ] && files=$((files + 1)) octets=$((octets + size))
done <"$list"
echo "$files files with $octets octets changed $words"
cat "$list"
rm -f "$list"
