"""The sub-commands of ``voicestream``, one module each; most import lately what they need."""
