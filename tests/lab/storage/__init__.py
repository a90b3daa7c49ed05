"""Real storage hosts: User-Mode-Linux kernels with DRBD, heartbeat and NFS, in a network of their own."""
