"""Hooks of agents: their entries in the agents' settings."""
