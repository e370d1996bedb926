"""Derivations to proofs that people can read, each step decided before it is shown."""
