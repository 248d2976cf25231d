"""Commands that make voicestream known to the machine: shell completion, manual page, service."""
