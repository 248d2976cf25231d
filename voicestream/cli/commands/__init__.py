"""Sub-commands of ``voicestream``, one module each, with late imports."""
