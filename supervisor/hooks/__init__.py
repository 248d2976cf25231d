"""Hooks of interactive agents: socket, validation, order across processes, and the sessions fed by them."""
