"""History of sessions: private files with the sentences that were found, their translations and languages."""
