"""A bare loop over pictures of 32x32: Pillow, OpenVINO, NDJSON.

PYTHONPATH=bench/peers python bench/peers/bulk-bare/classify.py FOLDER models/cifar10 results.ndjson
"""

import bare
import numpy as np
from PIL import Image

if __name__ == "__main__":
    bare.run(lambda file: np.asarray(Image.open(file).convert("RGB")))
