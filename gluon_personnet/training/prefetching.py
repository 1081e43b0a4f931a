"""Batches prepared in the background."""

import contextlib
import queue
import threading

from gluon_personnet.core import seeding
from gluon_personnet.training.augment import augment


class Prefetcher:
    """Prepares steps of a run in a background thread, a few ahead of the training loop.

    Iterating yields (step, batch, images), images float32 (N, 3, H, W) and augmented, in the order of the batch's rows.
    What is drawn for a step depends on the seed and the step only. An error of the thread is raised in the loop.
    """

    AHEAD = 4

    def __init__(self, sampler, cache, augmentation, seed, first_step, last_step, look_alikes=None):
        self._sampler, self._cache, self._augmentation, self._seed = sampler, cache, augmentation, seed
        self._look_alikes = look_alikes
        self._queue = queue.Queue(self.AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._fill, args=(first_step, last_step), daemon=True)
        self._thread.start()

    def _prepare(self, step):
        batch = self._sampler.batch(step, self._look_alikes)
        rng = seeding.generator(self._seed, "augmentation", step)
        images = self._cache.images(batch.rows)
        return step, batch, augment(images, rng, self._augmentation)

    def _fill(self, first_step, last_step):
        try:
            for step in range(first_step, last_step):
                self._put(self._prepare(step))
            self._put(None)
        except Exception as error:  # handed to the training loop, which raises it
            self._put(error)

    def _put(self, item):
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.1)
                break

    def __iter__(self):
        while True:
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self):
        """Stop the thread and wait for it."""
        self._stop.set()
        self._thread.join()
