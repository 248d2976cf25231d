"""Client of the supervisor: connection, session, stdin reader, captions and queued output."""
