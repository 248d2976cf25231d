"""Models on this machine: catalogue, licences, download, conversion and storage of weights."""
