"""The engine ``xtts``: Coqui's XTTS v2."""
