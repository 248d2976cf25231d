"""Inter-process protocol: messages, transport, shared memory of the audio pool, run directory and lifelines."""
