"""Decisions to verdicts: repairs, beliefs, the head of the chain."""
