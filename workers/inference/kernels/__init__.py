"""Kernels in Triton, each of which does what several of torch do, in one launch.

They are called ``IS_CHAINED`` where the GPU can start a kernel before the one in front of it has ended (Hopper and
later): what does not depend on that, the weights above all, is fetched meanwhile.
"""
