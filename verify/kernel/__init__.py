"""The trusted base: typed index notation, its calculus, and the only makers of decisions."""
