"""The convnet's features without mxt, as in the paper.

    python tests/benchmarks/plain_script.py LIST WEIGHTS [THREADS [OUT.npy]]

LIST names one file per line; with 0 THREADS, torch uses its default.
"""

import json
import sys
import time
from pathlib import Path

import h5py
import librosa
import numpy as np
import torch
import torch.nn.functional as F

paths, weights = Path(sys.argv[1]).read_text().splitlines(), h5py.File(sys.argv[2])["ConvBNEluDr"]
torch.set_num_threads(int((*sys.argv, "0", "0")[3]) or torch.get_num_threads())
W, b = ([torch.from_numpy(weights[f"convolution2d_{k}_{part}"][:]) for k in range(1, 6)] for part in "Wb")
gamma, beta = (
    [torch.from_numpy(weights[f"batchnormalization_{k}_{part}"][:]) for k in range(1, 6)]
    for part in ("gamma", "beta")
)
sets = json.loads((Path(__file__).parents[2] / "mxt/stages/backbones/batchnorm_statistics.json").read_text())[
    "sets"
]
mean, variance = (torch.tensor(sets["clip_ref"][name]) for name in ("mean", "variance"))


def features(path):
    y, sr = librosa.load(path, sr=12000, duration=29)
    y = np.pad(np.resize(y, 348000), (1, 0))  # one sample late: Theano flips the window
    mel = librosa.feature.melspectrogram(y=y, sr=sr, n_fft=512, hop_length=256, n_mels=96, fmax=6000)
    x, means = torch.from_numpy(librosa.power_to_db(mel, ref=np.max))[None, None], []
    for k, pool in enumerate([(2, 4), (3, 4), (2, 5), (2, 4), (4, 4)]):
        x = F.batch_norm(
            F.conv2d(x, W[k].flip(2, 3), b[k], padding=1), mean[k], variance[k], gamma[k], beta[k], eps=1e-3
        )
        x = F.max_pool2d(F.elu(x), pool)
        means.append(x.mean((2, 3)))
    return torch.cat(means, 1)[0].numpy()


with torch.inference_mode():
    features(paths[0])  # what librosa imports on first use
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = [features(path) for path in paths]
print(
    json.dumps(
        {
            "clips": len(vectors),
            "seconds": time.perf_counter() - wall,
            "cpu_seconds": time.process_time() - cpu,
        }
    )
)
np.save(sys.argv[4], vectors) if len(sys.argv) > 4 else None
