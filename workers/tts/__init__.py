"""The tts worker: normalization, synthesis, postprocessing, resampling."""
