"""Engine contracts: what a translator and a synthesizer are, and the specs by which all others know them."""
