"""Sources of speech other than stdin: an agent behind an editor, transcript files, calls of a tool."""
