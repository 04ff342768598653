"""Rendered scenes with known truth: what moves where and how fast, what kind of thing, what changed. Knows no network.

A scene is a static view (floor, walls, furniture, foliage, screens) in which things stand, lie and move. Each sample
holds two views of one scene, taken under different light with different things in it, so that a network can learn
which differences are things and which are light. Everything is drawn from a seed; no photograph is used.
"""
import io

import numpy as np
from PIL import Image, ImageDraw

#: Of the first scene; each next one has the next number. Training begins with it too.
SEED = 20_240_601
#: Scenes of a full training, and how many of them, at the end, are never learned.
SAMPLES, HELD_OUT = 14_000, 400
#: Of a frame, in pixels.
WIDTH, HEIGHT = 128, 96
#: Drawn so many times larger, then averaged: edges fall between pixels as in a real picture.
SCALE = 3
#: Side of a cell, in pixels.
STRIDE = 8
#: What a cell may hold; 0 is none.
KINDS = ["nothing", "walker", "runner", "cyclist", "glider", "vehicle", "animal", "box"]


def noise(rng, octaves, width, height):
    """Smooth noise of zero mean and unit range, the sum of grids of `octaves` cells across."""
    total = np.zeros((height, width), np.float32)
    for cells in octaves:
        grid = rng.normal(size=(max(2, cells * height // width + 1), cells + 1)).astype(np.float32)
        picture = Image.fromarray(grid).resize((width, height), Image.BICUBIC)
        total += np.asarray(picture) / np.sqrt(cells)
    return total / (np.abs(total).max() + 1e-6)


class Sprite:
    """A thing with parts of fixed albedo. Coordinates in units of its height, the foot at (0, 0), y upwards."""

    def __init__(self, rng):
        self.kind = rng.choice(KINDS[1:], p=[0.36, 0.1, 0.14, 0.1, 0.14, 0.06, 0.1])
        self.albedo = rng.uniform(0.03, 0.95, size=6)
        if rng.random() < 0.4:
            # People in dark clothes, dark cars: common, and hard against dark ground.
            self.albedo *= rng.uniform(0.2, 0.6)
        self.build = rng.uniform(0.8, 1.25)
        self.phase = rng.uniform(0, 2 * np.pi)
        self.stripes = rng.random() < 0.3
        self.variant = rng.random()
        self.swing = rng.uniform(0.7, 1.1)

    def parts(self, phase, facing):
        """Polygons and ellipses from back to front: (shape, points or box, albedo)."""
        a, b = self.albedo, self.build

        def limb(x0, y0, x1, y1, thick, shade):
            dx, dy = x1 - x0, y1 - y0
            length = np.hypot(dx, dy) + 1e-6
            nx, ny = -dy / length * thick / 2, dx / length * thick / 2
            return ("polygon", [(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)], shade)

        def person(hip_x, hip_y, size, lean, swing, arms):
            out = []
            stride = np.sin(phase) * swing * size
            for side, shade in ((-1, a[0] * 0.85), (1, a[0])):
                foot = hip_x + side * stride * 0.33
                lift = max(0.0, side * np.cos(phase)) * 0.08 * swing * size
                knee_x = (hip_x + foot) / 2 + 0.05 * size * swing
                out.append(limb(hip_x, hip_y, knee_x, hip_y - 0.24 * size + lift / 2, 0.11 * b * size, shade))
                out.append(limb(knee_x, hip_y - 0.24 * size + lift / 2, foot, hip_y - 0.47 * size + lift, 0.09 * b * size, shade))
            shoulder_x, shoulder_y = hip_x + lean * 0.33 * size, hip_y + 0.34 * size
            for side in (-1, 1):
                hand = shoulder_x - side * stride * 0.25 * arms
                out.append(limb(shoulder_x, shoulder_y - 0.02 * size, hand, shoulder_y - 0.36 * size, 0.07 * b * size, a[1] * 0.9))
            out.append(limb(hip_x, hip_y - 0.02 * size, shoulder_x, shoulder_y, 0.21 * b * size, a[1]))
            if self.stripes:
                for i in range(3):
                    y = hip_y + (0.05 + 0.1 * i) * size
                    out.append(limb(hip_x - 0.09 * b * size, y, hip_x + 0.09 * b * size, y, 0.03 * size, a[4]))
            head_x, head_y, r = shoulder_x + lean * 0.06 * size, shoulder_y + 0.1 * size, 0.075 * size
            out.append(("ellipse", [head_x - r * 0.9, head_y - r, head_x + r * 0.9, head_y + r * 1.15], a[2]))
            out.append(("ellipse", [head_x - r * 0.9, head_y + r * 0.1, head_x + r * 0.9, head_y + r * 1.2], a[3]))
            return out

        if self.kind == "walker":
            out = person(0, 0.48, 1.0, 0.04, 0.75 * self.swing, 1.0)
            if self.variant < 0.25:  # a bag
                out.append(("polygon", [(-0.2, 0.2), (-0.05, 0.2), (-0.05, 0.42), (-0.2, 0.42)], a[5]))
        elif self.kind == "runner":
            out = person(0, 0.5, 1.0, 0.25, 1.5 * self.swing, 1.5)
        elif self.kind == "glider":  # on a skateboard, a scooter, skates
            out = [("polygon", [(-0.25, 0.0), (0.25, 0.0), (0.25, 0.05), (-0.25, 0.05)], a[5])]
            out += person(0, 0.52, 0.98, 0.1 * self.variant, 0.35, 0.5)
        elif self.kind == "cyclist":
            out = []
            for x in (-0.34, 0.34):
                out.append(("ring", [x - 0.2, 0.0, x + 0.2, 0.4], a[5]))
            for line in ((-0.34, 0.2, -0.05, 0.25), (-0.05, 0.25, 0.3, 0.5), (-0.34, 0.2, -0.1, 0.5), (-0.1, 0.5, 0.3, 0.5), (0.34, 0.2, 0.28, 0.58)):
                out.append(limb(*line, 0.035, a[4]))
            out += person(-0.1, 0.55, 0.8, 0.7, 0.5, 0.3)
            out.append(limb(0.12, 0.78, 0.28, 0.58, 0.06, a[1]))
        elif self.kind == "vehicle":
            length = 1.0 + 1.6 * self.variant
            out = [("polygon", [(-length, 0.15), (length, 0.15), (length * 0.97, 0.62), (-length, 0.65)], a[0])]
            if self.variant > 0.3:
                out.append(("polygon", [(-length * 0.65, 0.6), (length * 0.55, 0.6), (length * 0.3, 1.0), (-length * 0.5, 1.0)], a[0] * 0.95))
                out.append(("polygon", [(-length * 0.55, 0.64), (length * 0.45, 0.64), (length * 0.27, 0.94), (-length * 0.45, 0.94)], a[1]))
            else:  # a cart
                out.append(("polygon", [(-length, 0.6), (length * 0.4, 0.6), (length * 0.4, 1.0), (-length, 1.0)], a[1]))
            for x in (-0.6, 0.6):
                out.append(("ellipse", [x * length - 0.17, 0.0, x * length + 0.17, 0.34], a[2] * 0.3))
        elif self.kind == "animal":
            swing = np.sin(phase)
            out = [limb(x, 0.5, x + s * swing * 0.2, 0.0, 0.12, a[0] * 0.9) for x, s in ((-0.55, 1), (-0.4, -1), (0.4, 1), (0.55, -1))]
            out.append(("ellipse", [-0.7, 0.4, 0.7, 0.85], a[0]))
            out.append(("ellipse", [0.5, 0.6, 0.95, 1.0], a[1]))
            out.append(limb(-0.65, 0.7, -1.0, 0.95, 0.08, a[0]))
        else:
            w = 0.3 + 0.7 * self.variant
            out = [("polygon", [(-w, 0), (w, 0), (w, 1), (-w, 1)], a[0])]
            if self.stripes:
                out.append(("polygon", [(-w, 0.4), (w, 0.4), (w, 0.6), (-w, 0.6)], a[1]))
            elif self.variant > 0.7:
                out.append(("ellipse", [-w, 0.3, w, 1.2], a[2]))
        if facing < 0:
            out = [(s, [(-x, y) for x, y in p] if s == "polygon" else [-p[2], p[1], -p[0], p[3]], c) for s, p, c in out]
        return out

    def draw(self, albedo, mask, x, y, height, angle, squeeze, phase, facing, number):
        """Draws into an albedo picture and an identity mask, at pixels of the large picture."""
        cos, sin = np.cos(angle), np.sin(angle)

        def place(px, py):
            px, py = px * height * squeeze, py * height
            return x + cos * px + sin * py, y + sin * px - cos * py

        for shape, points, shade in self.parts(phase, facing):
            value = float(np.clip(shade, 0.02, 0.98))
            if shape == "polygon":
                outline = [place(*p) for p in points]
            else:
                x0, y0, x1, y1 = points
                t = np.linspace(0, 2 * np.pi, 14)
                outline = [place((x0 + x1) / 2 + (x1 - x0) / 2 * np.cos(s), (y0 + y1) / 2 + (y1 - y0) / 2 * np.sin(s)) for s in t]
            if shape == "ring":
                thick = max(1, int(height * 0.035))
                albedo.line(outline, fill=value, width=thick)
                mask.line(outline, fill=number, width=thick)
            else:
                albedo.polygon(outline, fill=value)
                mask.polygon(outline, fill=number)


class View:
    """The static part of a scene: albedo at the large size, and how its light may change."""

    def __init__(self, rng, w=WIDTH * SCALE, h=HEIGHT * SCALE):
        base = rng.uniform(0.15, 0.8)
        picture = Image.fromarray((base + 0.12 * rng.uniform(0, 1.5) * noise(rng, [2, 5], w, h)).astype(np.float32))
        draw = ImageDraw.Draw(picture)
        horizon = rng.uniform(0.0, 0.6) * h
        if rng.random() < 0.75:
            draw.polygon([(0, horizon), (w, horizon + rng.uniform(-0.2, 0.2) * h), (w, h), (0, h)], fill=float(rng.uniform(0.1, 0.85)))
        for _ in range(rng.integers(4, 26)):
            cx, cy = rng.uniform(0, w), rng.uniform(0, h)
            sx, sy = rng.uniform(0.02, 0.3) * w, rng.uniform(0.02, 0.35) * h
            shade = float(rng.uniform(0.03, 0.97))
            form = rng.random()
            if form < 0.6:
                skew = rng.uniform(-0.4, 0.4, size=(4, 2)) * min(sx, sy)
                corners = np.array([(-sx, -sy), (sx, -sy), (sx, sy), (-sx, sy)]) / 2 + skew + (cx, cy)
                draw.polygon([tuple(c) for c in corners], fill=shade)
            elif form < 0.75:
                draw.ellipse([cx - sx / 2, cy - sy / 2, cx + sx / 2, cy + sy / 2], fill=shade)
            else:  # shelves, railings, tiles
                n = rng.integers(3, 12)
                for i in range(n):
                    if form < 0.87:
                        draw.line([(cx - sx, cy + i * sy / n), (cx + sx, cy + i * sy / n + 3)], fill=shade, width=int(rng.integers(1, 5)))
                    else:
                        draw.line([(cx + i * sx / n, cy - sy), (cx + i * sx / n, cy + sy)], fill=shade, width=int(rng.integers(1, 5)))
        albedo = np.array(picture)
        albedo += rng.uniform(0.0, 0.15) * noise(rng, [20, 60], w, h) * (noise(rng, [3], w, h) > rng.uniform(-0.6, 0.4))
        self.albedo = np.clip(albedo, 0.02, 0.98).astype(np.float32)
        # Where light falls from other sources: a window, a lamp, sun through leaves, a tree's shadow.
        self.fields = [np.clip(0.5 + rng.uniform(0.6, 2.0) * noise(rng, [c], w, h), 0.02, 1) for c in (1, 2, 4, 7)]


class Light:
    """One state of light and of the camera that takes it."""

    def __init__(self, rng, view):
        weights = rng.dirichlet([0.8] * 5) if rng.random() < 0.7 else np.array([1, 0, 0, 0, 0])
        self.field = weights[0] + sum(w * f for w, f in zip(weights[1:], view.fields))
        self.exposure = np.exp(rng.normal(0, 0.35))
        self.gamma = rng.uniform(0.7, 1.4) if rng.random() < 0.5 else 1.0
        self.black = rng.uniform(0, 0.12) if rng.random() < 0.4 else 0.0
        self.flare = rng.uniform(0, 0.15) if rng.random() < 0.2 else 0.0
        self.sigma = np.exp(rng.uniform(np.log(0.002), np.log(0.03)))
        self.blur = rng.uniform(0, 0.9) if rng.random() < 0.6 else 0.0
        self.quality = int(rng.integers(35, 95)) if rng.random() < 0.7 else 0
        self.shake = rng.uniform(0, 0.35) if rng.random() < 0.25 else 0.0
        self.drift = rng.normal(0, 0.012) if rng.random() < 0.3 else 0.0

    def take(self, rng, albedo, shadow, step):
        """One frame, uint8 [HEIGHT, WIDTH]. `shadow`: share of light that is lost, at the large size."""
        picture = albedo * self.field * (1 - shadow)
        if self.flare:
            picture = picture + self.flare * self.field
        level = 0.45 / (np.mean(albedo * self.field) + 1e-6)
        picture = np.clip(picture * level * self.exposure * (1 + self.drift * step), 0, 1) ** self.gamma
        if self.shake:
            dx, dy = rng.normal(0, self.shake * SCALE, 2)
            picture = np.roll(picture, (int(round(dy)), int(round(dx))), (0, 1))
        picture = picture.reshape(HEIGHT, SCALE, WIDTH, SCALE).mean((1, 3))
        if self.blur:
            k = self.blur / 3
            for axis in (0, 1):
                picture = picture * (1 - 2 * k) + k * (np.roll(picture, 1, axis) + np.roll(picture, -1, axis))
        picture = self.black + (1 - self.black) * picture
        picture = picture + rng.normal(0, self.sigma, picture.shape)
        return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)

    def compress(self, frames):
        """The traces of JPEG, on most cameras' frames."""
        if not self.quality:
            return frames
        out = []
        for frame in frames:
            data = io.BytesIO()
            Image.fromarray(frame).save(data, "JPEG", quality=self.quality)
            out.append(np.asarray(Image.open(data)))
        return np.stack(out)


class Actor:
    """A thing with its way through the three frames of a stack."""

    def __init__(self, rng, number):
        self.sprite = Sprite(rng)
        self.number = number
        low = {"vehicle": 8, "box": 6, "animal": 6}.get(self.sprite.kind, 12)
        self.height = np.exp(rng.uniform(np.log(low), np.log(64))) * SCALE
        self.x = rng.uniform(-0.05, 1.05) * WIDTH * SCALE
        self.y = rng.uniform(0.1, 1.15) * HEIGHT * SCALE
        self.squeeze = rng.uniform(0.6, 1.1)
        self.angle = 0.0
        self.moves = rng.random() < 0.72
        if not self.moves and self.sprite.kind in ("walker", "runner", "box") and rng.random() < 0.5:
            self.angle = rng.choice([-1, 1]) * rng.uniform(1.2, 1.9)  # somebody lies there
        # Heights a second: a walker does about 0.8 of his height, a runner 2, wheels up to 5.
        pace = {"walker": (0.25, 1.1), "runner": (1.2, 2.6), "cyclist": (1.2, 4.0), "glider": (0.8, 3.0),
                "vehicle": (0.5, 5.0), "animal": (0.4, 4.0), "box": (0.1, 3.0)}[self.sprite.kind]
        speed = rng.uniform(*pace) * self.height * 0.2 if self.moves else 0.0
        speed = min(speed, 14 * SCALE)
        heading = rng.choice([0, np.pi]) + rng.normal(0, 0.35) if rng.random() < 0.7 else rng.uniform(0, 2 * np.pi)
        self.step = np.array([np.cos(heading), np.sin(heading) * 0.6]) * speed
        self.facing = 1 if self.step[0] >= 0 else -1
        # A step of a walk takes half a second; wheels turn no legs.
        self.cadence = {"walker": 2.2, "runner": 3.4, "animal": 4.0, "cyclist": 2.0}.get(self.sprite.kind, 0) * self.moves
        # Somebody sits or stands and only moves his arms or bows.
        self.fidget = rng.uniform(0, 0.12) if not self.moves and rng.random() < 0.3 else 0.0
        self.shadow = rng.uniform(0.15, 0.7) if rng.random() < 0.5 else 0.0
        self.slant = rng.uniform(-1.5, 1.5)

    def draw(self, albedo, mask, step):
        x, y = self.x + self.step[0] * step, self.y + self.step[1] * step
        phase = self.sprite.phase + self.cadence * step * 1.3
        angle = self.angle + self.fidget * step
        self.sprite.draw(albedo, mask, x, y, self.height, angle, self.squeeze, phase, self.facing, self.number)

    def draw_shadow(self, mask, step):
        x, y = self.x + self.step[0] * step, self.y + self.step[1] * step
        length = self.height * 0.6
        mask.polygon([(x - length * 0.15, y), (x + length * 0.15, y), (x + self.slant * length + length * 0.1, y - length * 0.3),
                      (x + self.slant * length - length * 0.1, y - length * 0.3)], fill=1)


def shot(rng, view, actors):
    """Three frames 200 ms apart, uint8 [3, HEIGHT, WIDTH], and which actor is where in the last, at the large size: the
    number of the foremost one, 0 for none."""
    light = Light(rng, view)
    w, h = WIDTH * SCALE, HEIGHT * SCALE
    frames = []
    for step in (-2, -1, 0):
        albedo, mask = Image.fromarray(view.albedo), Image.new("L", (w, h), 0)
        shadow = Image.new("L", (w, h), 0)
        albedo_draw, mask_draw, shadow_draw = ImageDraw.Draw(albedo), ImageDraw.Draw(mask), ImageDraw.Draw(shadow)
        for actor in actors:
            if actor.shadow:
                actor.draw_shadow(shadow_draw, step)
        for actor in actors:
            actor.draw(albedo_draw, mask_draw, step)
        dark = max([a.shadow for a in actors if a.shadow], default=0.0)
        identity = np.asarray(mask)
        # A shadow falls on the ground, not on those who stand before it.
        fall = np.asarray(shadow, np.float32) * dark * (identity == 0)
        frames.append(light.take(rng, np.asarray(albedo), fall, step))
    return light.compress(np.stack(frames)), identity


def truth(identity, actors):
    """Of the last frame, per cell: the share that moves [rows, columns], flow in cells an interval [2, rows, columns] (right
    and down are positive), kind (index in KINDS) and log2 of the thing's height in cells, both of the thing that takes most
    of the cell if that is 8 % at least."""
    rows, columns, cell = HEIGHT // STRIDE, WIDTH // STRIDE, STRIDE * SCALE
    cells = identity.reshape(rows, cell, columns, cell).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    moving = np.zeros((rows, columns), np.float32)
    flow = np.zeros((2, rows, columns), np.float32)
    kind = np.zeros((rows, columns), np.uint8)
    size = np.zeros((rows, columns), np.float32)
    most = np.full((rows, columns), 0.08, np.float32)
    for actor in actors:
        share = (cells == actor.number).mean(2).astype(np.float32)
        if actor.moves:
            moving += share
        wins = share > most
        most = np.where(wins, share, most)
        kind[wins] = KINDS.index(actor.sprite.kind)
        size[wins] = np.log2(actor.height / SCALE / STRIDE)
        flow[0][wins], flow[1][wins] = actor.step / SCALE / STRIDE
    return moving, flow, kind, size


def sample(seed):
    """One training sample: two shots "a" and "b" of one view, a dictionary of arrays. `changed` is the share of each cell
    that shows another thing in one shot than in the other; light and shadows are no change."""
    rng = np.random.default_rng(seed)
    view = View(rng)
    out = {}
    # Up to two things stand in both shots: what hasn't changed may look like a person too.
    shared = [Actor(rng, 1 + i) for i in range(rng.integers(0, 3))]
    for actor in shared:
        actor.moves, actor.step, actor.cadence, actor.fidget = False, np.zeros(2), 0, 0.0
    identities = []
    for name in "ab":
        own = [Actor(rng, 10 + 10 * "ab".index(name) + i) for i in range(rng.choice([0, 1, 2, 3, 5, 9], p=[0.15, 0.25, 0.2, 0.2, 0.12, 0.08]))]
        actors = sorted(shared + own, key=lambda actor: actor.y)
        frames, identity = shot(rng, view, actors)
        moving, flow, kind, size = truth(identity, actors)
        out.update({f"frames_{name}": frames, f"moving_{name}": moving, f"flow_{name}": flow, f"kind_{name}": kind, f"size_{name}": size})
        identities.append(identity)
    cell = STRIDE * SCALE
    differs = (identities[0] != identities[1]).reshape(HEIGHT // STRIDE, cell, WIDTH // STRIDE, cell)
    out["changed"] = differs.mean((1, 3)).astype(np.float32)
    return out
