"""Sources of speech other than stdin: an agent behind an editor, and transcript files."""
