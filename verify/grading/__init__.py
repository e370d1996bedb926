"""Assignments and marks."""
