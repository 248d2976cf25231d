"""Session commands: options, request, run and exit code of one session."""
