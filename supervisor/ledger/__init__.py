"""Ledger of unfinished sentences and scheduling of their next steps, sans-I/O: no socket, clock or process."""
