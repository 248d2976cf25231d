"""Fused Triton kernels: each replaces several kernels of torch.

``USE_PDL``: programmatic dependent launch (Hopper and later) starts a kernel before the preceding one has ended. Data
that does not depend on that one, above all the weights, is loaded meanwhile.
"""
