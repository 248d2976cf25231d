"""Engine contracts: translator, synthesizer, and the specs through which other modules know engines."""
