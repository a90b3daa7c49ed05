"""What the kernel last said about DRBD (`dmesg`), dated by its seconds since boot."""

from __future__ import annotations

LOG = 'read -r up idle </proc/uptime; echo "uptime $up"; dmesg 2>/dev/null | grep -F drbd | tail -n 60'
"""The kernel's last words about DRBD, with the seconds since boot that date them."""
