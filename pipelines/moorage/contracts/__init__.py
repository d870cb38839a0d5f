"""Data contracts: authored in pandera, compiled once, checked in one pass."""
