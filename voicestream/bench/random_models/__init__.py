"""Random models of full or small size for benchmarks: the files of real models, with random weights."""
