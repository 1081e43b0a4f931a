"""The generated people themselves: what somebody looks like, and how a pose of them is drawn."""

from math import sqrt

from PIL import Image, ImageDraw

from gpnet_datasets.toy_scene import muted, shade

SKIN = ((236, 200, 176), (222, 180, 150), (206, 162, 130), (176, 128, 98), (128, 88, 66), (92, 62, 48))
HAIR = ((24, 20, 20), (30, 24, 22), (44, 32, 26), (70, 48, 34), (110, 78, 48), (150, 146, 142))
# The first ones are what most people wear, and are drawn more often.
UPPER = (
    (28, 28, 32),
    (226, 226, 222),
    (36, 44, 76),
    (122, 122, 126),
    (70, 74, 82),
    (150, 36, 42),
    (58, 92, 150),
    (210, 196, 160),
    (64, 98, 66),
    (206, 120, 140),
    (226, 178, 60),
    (110, 70, 120),
    (120, 168, 190),
    (112, 78, 54),
)
LOWER = (
    (30, 30, 34),
    (44, 54, 88),
    (72, 92, 130),
    (92, 92, 96),
    (176, 160, 128),
    (110, 96, 72),
    (200, 198, 192),
    (90, 42, 50),
)
BAGS = ((26, 26, 28), (84, 52, 36), (52, 62, 96), (150, 40, 44), (86, 96, 72), (200, 170, 120), (120, 120, 124))


def _often_first(dice, palette):
    return palette[min(dice.between(0, len(palette) - 1), dice.between(0, len(palette) - 1))]


class Look:
    """What stays the same about a person: build, skin, hair, clothes, and what they carry."""

    def __init__(self, dice):
        self.height, self.width = dice.between(910, 1030), dice.between(98, 130)  # per mille, per cent
        self.skin, self.hair = dice.pick(SKIN), dice.pick(HAIR)
        self.hair_style = dice.pick(("short", "short", "bob", "long", "tail"))
        self.hat = dice.pick(BAGS) if dice.chance(10) else None
        self.upper, self.inner = _often_first(dice, UPPER), _often_first(dice, UPPER)
        self.trim = dice.pick(UPPER)
        self.pattern = dice.pick(("plain", "plain", "plain", "stripes", "checks", "logo", "jacket", "jacket"))
        self.stripe = dice.between(10, 22)
        self.long_sleeves = self.pattern == "jacket" or dice.chance(45)
        self.hem = dice.between(500, 560)
        self.lower = _often_first(dice, LOWER)
        self.lower_kind = dice.pick(("trousers", "trousers", "trousers", "shorts", "skirt"))
        self.lower_end = dice.between(690, 790)
        self.shoes = dice.pick(((24, 24, 26), (60, 44, 36), (214, 214, 214), (120, 120, 124), (150, 50, 50)))
        self.bag_kind = dice.pick((None, None, None, "backpack", "backpack", "shoulder bag", "shoulder bag", "handbag"))
        self.bag = dice.pick(BAGS)
        self.bag_side = dice.pick((-1, 1))
        self.from_behind, self.direction = dice.chance(50), dice.pick((-1, 1))


class _Pen:
    """Draws on a canvas in body units: x from the middle, y from the top of the head (0) to the soles (1000)."""

    def __init__(self, canvas, look, dice):
        self.canvas, self.draw = canvas, ImageDraw.Draw(canvas)
        self._size = 285 * look.height * dice.between(86, 105) // 100000  # height in canvas px
        self._wide = look.width
        self._x, self._y = 60 + dice.between(-18, 18), 303 + dice.between(-14, 12)
        self._lean = dice.between(-60, 60)

    def at(self, x, y):
        """Body units -> canvas px."""
        x = x * self._wide // 100 + self._lean * (1000 - y) // 1000
        return self._x + x * self._size // 1000, self._y - (1000 - y) * self._size // 1000

    def shape(self, colour, *points):
        self.draw.polygon([self.at(x, y) for x, y in points], colour)

    def oval(self, colour, x, y, rx, ry):
        self.draw.ellipse((*self.at(x - rx, y - ry), *self.at(x + rx, y + ry)), colour)

    def limb(self, colour, start, end, start_width, end_width):
        """A tapered bar with round ends."""
        (x0, y0), (x1, y1) = start, end
        length = sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2) or 1.0
        across, along = (y1 - y0) / length, (x0 - x1) / length
        corners = []
        for (x, y), width in ((start, start_width), (end, -end_width)):
            for side in (width / 2, -width / 2):
                corners.append((int(x + across * side), int(y + along * side)))
        self.shape(colour, *corners)
        self.oval(colour, x0, y0, start_width // 2, start_width // 2)
        self.oval(colour, x1, y1, end_width // 2, end_width // 2)

    def textured(self, texture, *points):
        """Fill a shape with an RGB image of the canvas' size."""
        mask = Image.new("1", self.canvas.size)
        ImageDraw.Draw(mask).polygon([self.at(x, y) for x, y in points], 1)
        self.canvas.paste(texture, mask=mask)


def draw_person(canvas, look, dice, view):
    """Draw a person onto an RGB canvas: from the front or from behind in view 0, from the side in view 1."""
    pen = _Pen(canvas, look, dice)
    pose = _Pose(look, dice, view)
    pen.oval((70, 70, 72), 10, 1000, 190, 22)  # shadow
    if pose.side:
        _arm(pen, look, pose, -1)
    if look.bag_kind == "backpack" and pose.side:
        pen.oval(shade(look.bag, 90), -95 * pose.facing, 300, 75, 125)
    for which in (-1, 1):
        _leg(pen, look, pose, which)
    _torso(pen, look, pose)
    _head(pen, look, pose)
    for which in (1,) if pose.side else (-1, 1):
        _arm(pen, look, pose, which)
    _bag(pen, look, pose)
    if dice.chance(12):
        _obstacle(pen.draw, dice)


class _Pose:
    """How a person stands in one image; `which` is -1 for the far or left limb, 1 for the other."""

    def __init__(self, look, dice, view):
        self.side = view == 1
        self.facing = look.direction  # of the nose, seen from the side
        self.back = view == 0 and look.from_behind
        self.shoulder, self.hip = (78, 68) if self.side else (118, 88)
        self.stride = dice.between(-130, 130) if self.side else dice.between(-28, 28)
        self.swing = self.stride * dice.between(50, 110) // 100
        self.bend = dice.between(0, 60)


def _leg(pen, look, pose, which):
    step = which * pose.stride
    hip = (which * 22 if pose.side else which * 46, 520)
    foot_x = hip[0] // 2 + step if pose.side else which * 50 + step // 3
    lift = max(0, step) // 6 if not pose.side else abs(step) // 10
    knee = ((hip[0] + foot_x) // 2 + (pose.facing * 18 if pose.side else 0), 735 - lift // 2)
    foot = (foot_x, 955 - lift)
    tone = 84 if pose.side and which < 0 else 100
    skin, cloth = shade(look.skin, tone), shade(look.lower, tone)
    toe = foot_x + (pose.facing * 62 if pose.side else which * 14)
    pen.limb(shade(look.shoes, tone), (foot_x, 972 - lift), (toe, 980 - lift), 46, 34)
    if look.lower_kind == "trousers":
        pen.limb(cloth, knee, foot, 76, 54)
    else:
        pen.limb(skin, knee, foot, 60, 40)
    pen.limb(skin if look.lower_kind == "skirt" else cloth, hip, knee, 104, 78)


def _torso(pen, look, pose):
    hem, hip, shoulder = look.hem, pose.hip + 8, pose.shoulder
    if look.lower_kind == "skirt":
        flare = hip + 38
        pen.shape(look.lower, (-hip, 480), (hip, 480), (flare, look.lower_end), (-flare, look.lower_end))
    else:
        pen.shape(look.lower, (-hip, 480), (hip, 480), (hip, 575), (-hip, 575))
    pen.limb(shade(look.skin, 88), (0, 120), (0, 175), 56, 70)
    outline = (
        (-shoulder + 45, 158),
        (shoulder - 45, 158),
        (shoulder, 190),
        (shoulder - 12, 330),
        (hip, hem),
        (-hip, hem),
        (-shoulder + 12, 330),
        (-shoulder, 190),
    )
    if look.pattern in ("stripes", "checks"):
        pen.textured(_texture(pen.canvas.size, look), *outline)
    else:
        pen.shape(look.upper, *outline)
    if look.pattern == "jacket" and not pose.back:
        middle = pose.facing * (hip - 22) if pose.side else 0
        pen.shape(look.inner, (middle - 26, 162), (middle + 26, 162), (middle + 34, hem), (middle - 34, hem))
    if look.pattern == "logo" and not pose.back and not pose.side:
        pen.oval(look.trim, 0, 275, 44, 38)
    fold = shade(look.upper, 80)
    for y in (370, 440):
        pen.draw.line((*pen.at(-hip + 30, y), *pen.at(-hip + 75, y + 26)), fold, 2)
    pen.shape(shade(look.upper, 72), (-hip, hem - 12), (hip, hem - 12), (hip, hem), (-hip, hem))


def _texture(size, look):
    texture = Image.new("RGB", size, look.upper)
    draw = ImageDraw.Draw(texture)
    for y in range(0, size[1], look.stripe):
        draw.rectangle((0, y, size[0], y + look.stripe // 2 - 1), look.trim)
    if look.pattern == "checks":
        for x in range(0, size[0], look.stripe):
            draw.rectangle((x, 0, x + look.stripe // 2 - 1, size[1]), shade(look.trim, 80))
    return texture


def _head(pen, look, pose):
    nose = pose.facing if pose.side else 0
    length = {"bob": 145, "long": 205}.get(look.hair_style, 0)
    if length and pose.side:
        pen.limb(look.hair, (-22 * nose, 70), (-34 * nose, length - 20), 84, 56)
    elif length:
        for x in (-44, 44):
            pen.limb(look.hair, (x, 60), (x * 5 // 4, length - 10), 38, 24)
    pen.oval(look.skin, 6 * nose, 78, 46, 62)
    if pose.side:
        pen.shape(look.skin, (44 * nose, 68), (62 * nose, 92), (44 * nose, 98))
        pen.oval(look.hair, -18 * nose, 62, 40, 54)
    elif pose.back:
        pen.oval(look.hair, 0, 72, 50, 62)
        if length:
            pen.limb(look.hair, (0, 80), (0, length - 20), 100, 84)
    pen.oval(look.hair, -4 * nose, 38, 50, 36)
    if look.hair_style == "tail" and (pose.side or pose.back):
        pen.limb(look.hair, (-50 * nose, 60), (-66 * nose, 165), 30, 18)
    if not pose.back and not pose.side:
        for x in (-20, 20):
            pen.oval((50, 38, 36), x, 78, 6, 5)
        pen.draw.line((*pen.at(-14, 112), *pen.at(14, 112)), shade(look.skin, 70), 2)
    if look.hat:
        pen.oval(look.hat, 0, 28, 54, 32)
        if not pose.back:
            pen.limb(look.hat, (-30 + 40 * nose, 44), (30 + 70 * nose, 46), 16, 12)


def _arm(pen, look, pose, which):
    x = which * 8 if pose.side else which * (pose.shoulder - 14)
    swing = which * pose.swing
    elbow = (x - swing // 2 if pose.side else x + which * 18, 345)
    hand_x = x - swing + pose.facing * pose.bend // 2 if pose.side else x + which * (20 - pose.bend // 2)
    hand = (hand_x, 505 - pose.bend + abs(swing) // 12)
    tone = 80 if pose.side and which < 0 else 90
    sleeve, skin = shade(look.upper, tone), shade(look.skin, tone)
    pen.oval(skin, hand[0], hand[1] + 24, 20, 26)
    pen.limb(sleeve if look.long_sleeves else skin, elbow, hand, 48, 36)
    pen.limb(sleeve, (x, 205), elbow, 66, 52)
    if not look.long_sleeves:
        pen.limb(skin, ((x + 2 * elbow[0]) // 3, 300), elbow, 46, 42)


def _bag(pen, look, pose):
    strap = shade(look.bag, 75)
    near = not pose.side or look.bag_side == pose.facing
    if look.bag_kind == "backpack":
        if pose.back:
            pen.oval(shade(look.bag, 110), 0, 200, 78, 40)
            pen.shape(look.bag, (-82, 200), (82, 200), (88, 400), (-88, 400))
            pen.shape(strap, (-50, 310), (50, 310), (54, 385), (-54, 385))
        elif not pose.side:
            for x in (-62, 62):
                pen.limb(strap, (x, 170), (x + x // 6, 330), 20, 18)
    elif look.bag_kind == "shoulder bag":
        side = look.bag_side * (-1 if pose.back else 1)
        x = 20 if pose.side else side * 105
        if not pose.side or near:
            pen.limb(strap, (-side * 70 if not pose.side else 0, 165), (x, 440), 14, 14)
            pen.shape(look.bag, (x - 58, 440), (x + 58, 440), (x + 64, 560), (x - 64, 560))
            pen.shape(strap, (x - 58, 440), (x + 58, 440), (x + 58, 470), (x - 58, 470))
    elif look.bag_kind == "handbag" and near:
        x = -pose.swing if pose.side else look.bag_side * (-1 if pose.back else 1) * 128
        pen.limb(strap, (x - 24, 570), (x, 500), 10, 10)
        pen.limb(strap, (x + 24, 570), (x, 500), 10, 10)
        pen.shape(look.bag, (x - 52, 565), (x + 52, 565), (x + 60, 665), (x - 60, 665))


def _obstacle(draw, dice):
    colour = muted(dice, 40, 150)
    if dice.chance(50):  # something low in front
        top = dice.between(235, 290)
        draw.polygon((0, top, 120, top + dice.between(-20, 20), 120, 320, 0, 320), colour)
    else:  # something upright at one side
        edge = dice.between(12, 34)
        left = dice.pick((0, 120 - edge))
        draw.rectangle((left, dice.between(0, 120), left + edge, 320), colour)
