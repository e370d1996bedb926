"""Independent second opinions on a derivative of a program, at one network.

Each oracle takes a program, a quantity, the quantity that it is differentiated by, and a network, and returns the Jacobian: an array with
the quantity's axes and then the other's. They never make a verdict; where one disagrees with the kernel, a person must look.

``symbolic`` needs SymPy, ``autodiff`` needs autograd: each is imported by its own module only, so import the module that you mean.
"""
