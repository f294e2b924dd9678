"""What can go wrong in training, each said in one sentence."""


class TrainingError(Exception):
    """Training, publishing or evaluation cannot go on; the message says why."""


class DataError(TrainingError):
    """The data folder does not hold what the official archives hold."""


class RunError(TrainingError):
    """A run's folder does not hold what is needed, or holds another run."""


class PublishError(TrainingError):
    """What would be published is not what was trained."""
