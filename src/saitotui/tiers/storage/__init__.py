"""The storage tier: a DRBD pair under heartbeat or pacemaker that exports NFS on a floating address."""
