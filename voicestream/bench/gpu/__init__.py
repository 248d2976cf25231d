"""GPU benchmarks of ``voicestream bench --gpu``: our neural engines beside the libraries' own code."""
