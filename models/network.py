"""The network: three luma frames in, a grid of descriptors out, one for each cell of 8x8 pixels.

Plain convolutions, which every runtime and every small processor computes well. The groups are trained but for `tone`,
which is computed.
"""
import torch
from torch import nn
from torch.nn import functional

from scenes import KINDS, STRIDE

FRAMES = 3
#: Between two frames, in training and in service.
INTERVAL_MS = 200
#: Groups of channels of the output, in order: those that are trained, and all.
LEARNED = [("moving", 1), ("flow", 2), ("size", 1), ("kind", 8), ("appearance", 16)]
GROUPS = [*LEARNED, ("tone", 4)]


def convolution(inside, outside, kernel=3, step=1):
    """With batch normalisation, which the export folds into the weights."""
    return nn.Sequential(nn.Conv2d(inside, outside, kernel, step, kernel // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU())


class Residual(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, channels):
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return torch.relu(x + self.second(self.first(x)))


class Bottleneck(nn.Module):
    """Three convolutions beside a straight way, the one of 3x3 on fewer channels: it costs a sixth of two full ones."""

    def __init__(self, channels, inside):
        super().__init__()
        self.way = nn.Sequential(
            convolution(channels, inside, 1), convolution(inside, inside),
            nn.Conv2d(inside, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return torch.relu(x + self.way(x))


def even(luma):
    """Luma, 0..255 → what the trunk sees: a change of exposure becomes an offset; the floor keeps dark noise small."""
    return torch.log(luma * (1 / 255) + 0.06) * 0.8 + 1.0


class Network(nn.Module):
    """As it is trained. Each group is one linear map of the trunk's channels of a cell."""

    def __init__(self, large=False, narrow=16, middle=32, wide=64):
        """`large`: the teacher of the one that is shipped, with whole convolutions in the place of bottlenecks."""
        super().__init__()
        between = [Residual(middle)] if large else [Bottleneck(middle, middle // 2)]
        behind = [Residual(wide) for _ in range(2)] if large else [Bottleneck(wide, wide // 2) for _ in range(4)]
        self.trunk = nn.Sequential(
            convolution(FRAMES, narrow, 5, 2), convolution(narrow, middle, 3, 2), *between,
            convolution(middle, wide, 3, 2), *behind)
        self.groups = nn.Conv2d(wide, sum(count for _, count in LEARNED), 1)
        # Only training needs it: the kind's descriptor must be enough to name the kind.
        self.name = nn.Conv2d(dict(LEARNED)["kind"], len(KINDS), 1)

    def forward(self, frames):
        """`frames` uint8 [N, 3, H, W], oldest first, H and W multiples of 8 → groups, float32 [N, channels, H/8, W/8].

        `moving` is a logit here."""
        groups = self.groups(self.trunk(even(frames.float())))
        return dict(zip((name for name, _ in LEARNED), groups.split([count for _, count in LEARNED], 1)))

    def inherit(self, large):
        """Begins with the large one's layers that both have."""
        for own, other in zip((self.trunk[0], self.trunk[1], self.trunk[3]), (large.trunk[0], large.trunk[1], large.trunk[3])):
            own.load_state_dict(other.state_dict())
        self.groups.load_state_dict(large.groups.state_dict())
        self.name.load_state_dict(large.name.state_dict())


class Exported(nn.Module):
    """What is shipped: one tensor, moving as a probability, and the tone of each cell beside what was learned."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, frames):
        picture = even(frames.float())
        groups = self.network.groups(self.network.trunk(picture))
        newest = picture[:, FRAMES - 1:]
        mean = functional.avg_pool2d(newest, STRIDE)
        square = functional.avg_pool2d(newest * newest, STRIDE)
        spread = torch.sqrt(torch.relu(square - mean * mean) + 1e-6)
        # Of each pixel its two neighbours, what is outside the picture being 0.
        across, down = functional.pad(newest, (1, 1)), functional.pad(newest, (0, 0, 1, 1))
        across = across[:, :, :, 2:] - across[:, :, :, :-2]
        down = down[:, :, 2:] - down[:, :, :-2]
        slopes = [functional.avg_pool2d(slope.abs(), STRIDE) for slope in (across, down)]
        return torch.cat([torch.sigmoid(groups[:, :1]), groups[:, 1:], mean, spread, *slopes], 1)
