from collections.abc import Sequence
from contextlib import AbstractContextManager

def safe_globals(names: Sequence[object]) -> AbstractContextManager[None]: ...
