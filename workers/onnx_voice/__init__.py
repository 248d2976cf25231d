"""Parts that several voice engines on ONNX Runtime use: sessions, deterministic noise, pieces of a sentence."""
