"""Syntax and the whole document to a program and typed claims."""
