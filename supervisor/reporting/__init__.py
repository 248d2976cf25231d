"""Reports to clients: session events, answers to requests, status of workers and sessions."""
