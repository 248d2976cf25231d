"""What one step of a decoder is made of, for both neural engines.

``layers``: weights. ``stream``: how they are applied to the newest token, plainly. ``fused``: the same on an NVIDIA GPU
with few kernels. ``kernels``: these, in Triton.
"""
