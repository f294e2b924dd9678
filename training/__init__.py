"""Training: official data in, `models/<name>/` out."""

import os

# TensorFlow turns its oneDNN kernels on by default only on CPUs with AVX-512; with AVX2 alone they train these
# networks about twice as fast. It reads the variable when it is first imported, so it is set before any module
# of this package can import Keras. Another value, set outside, is respected; other backends ignore it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
