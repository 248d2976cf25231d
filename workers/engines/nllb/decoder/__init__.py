"""Decoder of NLLB: KV cache, greedy and beam search, logits processors, in buffers that stay in place."""
