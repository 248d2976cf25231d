from . import parametrize as parametrize
