"""The engine ``piper``: Piper's voices, run by ONNX Runtime."""
