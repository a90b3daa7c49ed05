"""Bare Debian hosts: a root file system, systemd and an address of their own."""
