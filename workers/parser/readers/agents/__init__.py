"""Readers of coding agents' own output formats."""
