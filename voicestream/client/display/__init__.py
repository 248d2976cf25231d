"""Display of a run on stderr: captions, loading progress and the live row of a terminal."""
