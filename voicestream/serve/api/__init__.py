"""API of the server: requests, tokens, limits, counters, and the ASGI application."""
