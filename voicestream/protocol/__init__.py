"""Everything that crosses processes: messages, transport, shared memory of the audio pool, run directory, lifelines."""
