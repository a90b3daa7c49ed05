"""Benchmarks: `make bench` prints ratios that were taken side by side in one run. Nothing here is a test."""
