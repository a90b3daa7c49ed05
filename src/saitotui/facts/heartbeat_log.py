"""What heartbeat did lately, from its own log (`logfile` in ha.cf)."""

from __future__ import annotations

LOG = (
    "f=; while read -r key value; do case $key in logfile) f=$value;; esac; done </etc/ha.d/ha.cf; "
    "date '+now %Y/%m/%d_%H:%M:%S'; "
    """[ -n "$f" ] && tail -c 65536 "$f" | grep -E ' (info|WARN|ERROR|CRIT): ' | tail -n 200"""
)
"""What heartbeat did lately; its log is in the host's local time, so that is asked too."""
