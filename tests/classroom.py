"""A small assignment and lines of answers to it, for the tests of marking."""

from __future__ import annotations

NETWORK = "$$ z = \\sum_i w_i x_i $$\n$$ L = (z - y)^2 $$\n"
ASSIGNMENT = f"""+++
[[ask]]
quantity = '\\frac{{\\partial L}}{{\\partial z}}'
points = 2
[[ask]]
quantity = '\\frac{{\\partial L}}{{\\partial w}}'
[[ask.steps]]
name = 'by the inputs'
quantity = '\\frac{{\\partial z}}{{\\partial w}}'
+++
{NETWORK}"""
BY_Z = "$$ \\frac{\\partial L}{\\partial z} = 2 (z - y) $$\n"
BY_W = "$$ \\frac{\\partial z}{\\partial w_i} = x_i $$\n$$ \\frac{\\partial L}{\\partial w_i} = 2 (z - y) x_i $$\n"
WRONG = BY_Z.replace("2 (z", "3 (z")
UNREAD = "$$ \\frac{\\partial L}{\\partial z} = 2 (z - y) + \\mystery $$\n"
