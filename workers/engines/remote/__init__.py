"""The engines ``remote``: speech and translation by HTTP servers, over the wire of docs/internals/remote.md."""
