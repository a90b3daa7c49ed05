"""Facts: pure parsers, one file a program whose output is read. Raw answer in, typed value out.

A parser raises `Unparsable` (or any ValueError, LookupError, TypeError) on input it cannot read, and
nothing else; it neither does I/O nor judges what it reads.
"""
