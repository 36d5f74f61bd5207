"""Images and containers for tests, with the engine that is there."""

from tally_testing.containers.engine import Engine, find_engine
from tally_testing.containers.running import Container
from tally_testing.containers.stand_in import python_image

__all__ = ["Container", "Engine", "find_engine", "python_image"]
