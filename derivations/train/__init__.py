"""Gradient descent with the catalogue's hand-derived updates alone: no automatic differentiation, and no formula typed a second time."""
