"""A fast engine, and an exact one for what the fast one cannot tell apart."""

from functools import cached_property

import numpy as np

from worker.engines.engine import Engine, Warmed

#: The share of the first label's probability from which on the second's makes it a close call. Chosen on the validation
#: images of the models that ship: of what float32 answers otherwise at most 0.05 % of all images are left.
CLOSE = 0.8
#: Images that the exact engine takes at once, always: it keeps its weights anew for other sizes.
FEW = 4


class Careful:
    """`fast` answers, and `exact`, the same model, once more for an image whose first two labels are close.

    bfloat16 rounds the labels' scores so coarsely that two may be the same, and names another label first for up
    to a percent of the images of a model with 100 labels. Engines are to agree on all but one image of a thousand.
    """

    def __init__(self, fast: Engine, exact: Engine) -> None:
        self._fast, self._exact = fast, exact
        self.name = f"{fast.name}, close calls in float32"
        self.path, self.input_shape, self.classes, self.sizes = fast.path, fast.input_shape, fast.classes, fast.sizes

    @cached_property
    def _warmed(self) -> Warmed:
        return Warmed(self._exact, FEW, sizes=(FEW,))

    def predict(self, batch: np.ndarray) -> np.ndarray:
        exact = self._warmed  # with the first batch, which is no job's, and not with the first close call
        answers = self._fast.predict(batch)
        if self.classes > 1:
            second, first = np.partition(answers, -2, axis=1)[:, -2:].T
            close = np.flatnonzero(second > CLOSE * first)
            if len(close):
                answers[close] = exact.predict(batch[close])
        return answers
