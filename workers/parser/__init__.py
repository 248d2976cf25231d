"""The parser worker: what agents print in, sentences out."""
