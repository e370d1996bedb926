"""Reports as text, JSON and LaTeX: pure functions of data."""
