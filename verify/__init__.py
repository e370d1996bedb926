"""backproof: the referee for hand-derived gradients."""
