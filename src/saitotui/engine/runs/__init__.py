"""Runs: a plan carried out in a process of its own, attached to by any number of consoles."""
