"""The words of saitotui: immutable values, standard library only, no I/O, no event loop.

The chain reads: question -> Reading -> Snapshot -> topology (Node, Edge) -> Finding -> Runbook -> Plan
-> outcomes -> journal. Everything left of "outcomes" is pure.
"""
