"""A finely sampled series without its white noise."""

from __future__ import annotations

import numpy as np
from scipy import fft

from .._series import Array

#: Longest window in samples; shares of the series and multiples of the delay that it takes.
_LONGEST, _SHARE, _DELAYS = 256, 0.1, 8
#: Components this many times above the median are kept.
_ABOVE = 3.0


def denoised(x: Array, delay: int) -> Array:
    """The series of each channel rebuilt from the directions of delay space that rise above a flat floor.

    Singular spectrum analysis: white noise has the same variance in all directions of the space of `L` successive
    samples, smooth motion fills few of them. Directions whose variance is three times the median are kept, and each
    sample is the mean of what they say of it. The filter is linear: of coloured noise it makes coloured noise.

    Args:
        x: A series, shape `(time, channel)`, sampled so finely that most directions hold noise alone.
        delay: Delay of its embedding, in samples; the window is eight of them, or a tenth of the series.

    Returns:
        The series without the noise, of the same shape.

    Reference:
        Vautard, Yiou & Ghil (1992), Singular-spectrum analysis: a toolkit for short, noisy chaotic signals, Physica D
        58, 95-126.
    """
    count = x.shape[0]
    width = int(min(_LONGEST, _SHARE * count, _DELAYS * delay))
    lags = np.abs(np.arange(width)[:, None] - np.arange(width)[None])
    size = fft.next_fast_len(count + 2 * width, real=True)
    # How many windows hold each sample: fewer at the ends.
    held = np.minimum(np.minimum(np.arange(1, count + 1), np.arange(count, 0, -1)), width)
    out = np.empty_like(x)
    for i, channel in enumerate(x.T):
        centred = channel - channel.mean()
        transformed = np.asarray(fft.rfft(centred, fft.next_fast_len(2 * count, real=True)))
        products = np.asarray(fft.irfft(np.abs(transformed) ** 2, fft.next_fast_len(2 * count, real=True)))[:width]
        values, vectors = np.linalg.eigh((products / (count - np.arange(width)))[lags])
        rebuilt = np.zeros(count)
        series = np.asarray(fft.rfft(centred, size))
        for k in np.flatnonzero(values > _ABOVE * np.median(values)):
            shape = np.asarray(fft.rfft(vectors[:, k], size))
            # Projections on the direction, for windows that lie within the series, and back again.
            weights = np.asarray(fft.irfft(series * shape.conj(), size))[: count - width + 1]
            rebuilt += np.asarray(fft.irfft(np.asarray(fft.rfft(weights, size)) * shape, size))[:count]
        out[:, i] = channel.mean() + rebuilt / held
    return out
