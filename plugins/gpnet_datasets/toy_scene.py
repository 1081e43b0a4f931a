"""What surrounds a generated person: chance, background, and a camera."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from gluon_personnet.core.seeding import generator

WIDTH_PX, HEIGHT_PX = 60, 160
OVERSAMPLING = 2  # canvas pixels for one image pixel
WALLS = (
    ((150, 146, 138), (172, 160, 140), (128, 132, 138), (160, 128, 108)),
    ((132, 144, 126), (150, 156, 160), (120, 130, 120), (164, 164, 156)),
)
GROUNDS = (
    ((142, 134, 126), (160, 154, 148), (124, 120, 118)),
    ((128, 132, 132), (140, 144, 134), (116, 122, 106)),
)
# Of each camera: gain of red, green, blue; contrast; brightening of the middle tones.
CAMERAS = (((1.03, 1.0, 0.94), 0.98, 0.15), ((0.95, 1.0, 1.04), 1.05, -0.05))


class Dice:
    """Whole random numbers from one seed and purpose, the same in every release of numpy and on every machine."""

    def __init__(self, seed, purpose, *numbers):
        self._bits = generator(seed, purpose, *numbers).bit_generator
        self._words = []

    def between(self, low, high):
        """An integer from low to high, both possible."""
        if not self._words:
            self._words = self._bits.random_raw(64).tolist()
        return low + self._words.pop() % (high - low + 1)

    def chance(self, percent):
        """True in so many cases of a hundred."""
        return self.between(0, 99) < percent

    def pick(self, choices):
        """One of a sequence."""
        return choices[self.between(0, len(choices) - 1)]

    def bytes(self, count):
        """uint8 (count,), 0..255; `count` is a multiple of eight."""
        return self._bits.random_raw(count // 8).astype("<u8").view(np.uint8)


def shade(colour, percent):
    """The colour, lighter or darker; (r, g, b) 0..255."""
    return tuple(min(255, channel * percent // 100) for channel in colour)


def muted(dice, darkest, brightest):
    """A greyish colour."""
    grey = dice.between(darkest, brightest)
    return tuple(grey * dice.between(80, 120) // 100 for _ in range(3))


def background(dice, view):
    """An RGB canvas with wall, ground and clutter as the camera `view` may have behind people."""
    scene = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), shade(dice.pick(WALLS[view]), dice.between(70, 125)))
    draw = ImageDraw.Draw(scene)
    horizon = dice.between(45, 95)
    ground = shade(dice.pick(GROUNDS[view]), dice.between(75, 120))
    _wall(draw, dice, horizon)
    draw.rectangle((0, horizon, WIDTH_PX, HEIGHT_PX), ground)
    if dice.chance(50):  # paving, narrower towards the horizon
        step, y = dice.between(5, 9), horizon
        while y < HEIGHT_PX:
            draw.line((0, y, WIDTH_PX, y + dice.between(-1, 1)), shade(ground, 86))
            step, y = step + 3, y + step
    if dice.chance(40):
        x = dice.between(-30, 90)
        draw.polygon((x, horizon, x + 6, horizon, 2 * x + 4, HEIGHT_PX, 2 * x - 20, HEIGHT_PX), shade(ground, 120))
    for _ in range(dice.between(0, 2)):
        _passer_by(draw, dice, horizon)
    if dice.chance(30):
        x, width = dice.between(0, WIDTH_PX), dice.between(1, 4)
        draw.rectangle((x, 0, x + width, dice.between(horizon, 150)), (dice.between(40, 170),) * 3)
    mottle = Image.frombytes("L", (16, 40), dice.bytes(640).tobytes()).resize(scene.size, Image.BILINEAR)
    scene = Image.blend(scene, Image.merge("RGB", (mottle,) * 3), dice.between(3, 14) / 100)
    scene = scene.reduce(2).resize(scene.size, Image.BILINEAR)  # out of focus
    return scene.resize((WIDTH_PX * OVERSAMPLING, HEIGHT_PX * OVERSAMPLING), Image.NEAREST)


def _wall(draw, dice, horizon):
    kind = dice.between(0, 3)
    if kind == 0:  # bushes
        for _ in range(14):
            x, y, r = dice.between(-5, 65), dice.between(0, horizon), dice.between(4, 14)
            green = dice.between(60, 125)
            draw.ellipse((x - r, y - r, x + r, y + r), (green * 3 // 4, green, green // 2))
    elif kind == 1:  # windows
        tint, left, width = dice.between(50, 210), dice.between(-15, 5), dice.between(9, 18)
        for x in range(left, WIDTH_PX, width + 6):
            draw.rectangle((x, dice.between(4, 8), x + width, horizon - 14), (tint, tint + 6, tint + 16))
    elif kind == 2:  # bricks or panels
        tint = (dice.between(90, 150),) * 3
        for y in range(dice.between(0, 8), horizon, dice.between(7, 16)):
            draw.line((0, y, WIDTH_PX, y), tint)


def _passer_by(draw, dice, horizon):
    x, top, height = dice.between(-4, 64), horizon - dice.between(8, 30), dice.between(30, 80)
    upper = muted(dice, 30, 190)
    width = height // 7
    draw.rectangle((x - width, top + width, x + width, top + height // 2), upper)
    leg, lower = width * 2 // 3, (dice.between(25, 90),) * 3
    draw.rectangle((x - leg, top + height // 2, x + leg, top + height), lower)
    draw.ellipse((x - width // 2, top - width // 2, x + width // 2, top + width), (120, 92, 76))


def photograph(canvas, dice, view):
    """What camera `view` makes of a canvas: uint8 (160, 60, 3) RGB."""
    image = canvas.reduce(OVERSAMPLING).filter(ImageFilter.BoxBlur(dice.between(0, 8) / 10))
    image = image.point(_response(dice, view))
    # Sunlight from one side and from above, in 1/256; then the noise of the sensor, of zero mean.
    across, down = dice.between(-90, 90), dice.between(-70, 70)
    light = 256 + (np.arange(WIDTH_PX) - WIDTH_PX // 2) * across // WIDTH_PX
    light = light[None, :] + ((np.arange(HEIGHT_PX) - HEIGHT_PX // 2) * down // HEIGHT_PX)[:, None]
    size = HEIGHT_PX * WIDTH_PX * 3
    noise = dice.bytes(size).astype(np.int32) - dice.bytes(size)
    pixels = np.asarray(image).astype(np.int32) * light.astype(np.int32)[:, :, None]
    pixels += noise.reshape(HEIGHT_PX, WIDTH_PX, 3) * dice.between(4, 18)
    return (pixels >> 8).clip(0, 255).astype(np.uint8)


def _response(dice, view):
    """Table (768,) of ints, 0..255: how the camera, at this moment's exposure, maps red, green and blue."""
    gains, contrast, middle = CAMERAS[view]
    exposure = dice.between(80, 118) / 100
    middle += dice.between(-12, 12) / 100
    level = np.arange(256) / 255
    level += middle * level * (1 - level)  # like gamma, but without pow(), whose last digit varies between machines
    level = 0.45 + contrast * (level - 0.45)
    table = [level * (255 * gain * exposure * dice.between(97, 103) / 100) for gain in gains]
    return np.concatenate(table).clip(0, 255).astype(int).tolist()
