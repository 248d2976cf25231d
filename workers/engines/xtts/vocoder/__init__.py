"""HiFi-GAN vocoder of XTTS.

``streaming``: streaming layers that compute nothing twice, for CPUs. ``cuda_graphs``: overlapping windows, each one a
CUDA graph, for NVIDIA GPUs, with the network of ``fused``, in Triton, or of ``network``, in torch.
"""
