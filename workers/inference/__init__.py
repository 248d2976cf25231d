"""Transformer inference shared by the neural engines: layers, residual stream, fused kernels, CUDA graphs, devices.

``layers`` holds the weights, ``residual_stream`` applies them with torch, ``fused_step`` does the same on an NVIDIA GPU
with few kernels, and ``kernels`` has these kernels in Triton.
"""
