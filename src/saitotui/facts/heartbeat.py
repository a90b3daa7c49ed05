"""heartbeat (Linux-HA 3.0) as a node sees it: `cl_status` and its log.

Formats: cl_status(1); recordings of heartbeat 3.0.6.
"""

from __future__ import annotations

STATUS = (
    "cl_status hbstatus || exit 0; read -r me </proc/sys/kernel/hostname; "
    'echo "resources $(cl_status rscstatus)"; '
    "for n in $(cl_status listnodes); do s=$(cl_status nodestatus $n); "
    'echo "node $n $s"; '
    'if [ "$s" != ping ] && [ $n != "$me" ]; then for l in $(cl_status listhblinks $n); do '
    'echo "link $n $l $(cl_status hblinkstatus $n $l)"; done; fi; done'
)
"""Everything in one loop: a fork costs 20-80 ms on a slow host."""
