"""Client of the supervisor: connection, session, reading of stdin, captions and queued output."""
