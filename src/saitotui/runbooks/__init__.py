"""Runbooks: one file each, `plan(snapshot, parameters) -> Plan`, pure."""
