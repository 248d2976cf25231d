"""Supervision of worker processes: start, watchdog, restart policy and shutdown escalation."""
