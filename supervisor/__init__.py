"""The one process that knows what is not yet done: hub, ledger, process table, sessions."""
