"""Playback controls of the ledger: pause, skip, repetition of sentences, settings of the loudspeakers."""
