"""Makes sound of latents.

``streaming``: layer by layer, computing nothing twice, for processors. ``recorded``: windows, each one CUDA graph, for
NVIDIA's GPUs; their network is ``fused``, in Triton, or ``network``, in torch.
"""
