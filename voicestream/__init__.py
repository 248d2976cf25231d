"""Speech output for coding agents, in your language, while the agent is writing."""

__version__ = "0.1.0"
