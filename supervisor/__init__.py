"""Supervisor process: hub, ledger of unfinished sentences, process table and sessions."""
