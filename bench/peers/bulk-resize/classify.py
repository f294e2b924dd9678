"""A bare loop over photos: Pillow with `resize`, OpenVINO, NDJSON.

PYTHONPATH=bench/peers python bench/peers/bulk-resize/classify.py FOLDER models/cifar10 results.ndjson
"""

import bare
import numpy as np
from PIL import Image

if __name__ == "__main__":
    bare.run(lambda file: np.asarray(Image.open(file).resize((32, 32))))
