"""The network: three luma frames in, a grid of descriptors out, one for each cell of 8x8 pixels.

Plain 3x3 convolutions, which every runtime and every small processor computes well. Of the groups only `moving`, `flow`,
`size`, `kind` and `appearance` are trained; `tone` is computed.
"""
import torch
from torch import nn
from torch.nn import functional

from scenes import KINDS, STRIDE

FRAMES = 3
#: Between two frames, in training and in service.
INTERVAL_MS = 200
#: Groups of channels of the output, in order.
GROUPS = [("moving", 1), ("flow", 2), ("size", 1), ("kind", 8), ("appearance", 16), ("tone", 4)]


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


class Network(nn.Module):
    """As it is trained. Each group is one linear map of the trunk's 64 channels a cell."""

    def __init__(self, narrow=16, middle=32, wide=64):
        super().__init__()
        self.trunk = nn.Sequential(
            convolution(FRAMES, narrow, 5, 2), convolution(narrow, middle, 3, 2), Residual(middle),
            convolution(middle, wide, 3, 2), Residual(wide), Residual(wide))
        self.moving = nn.Conv2d(wide, 1, 1)
        self.flow = nn.Conv2d(wide, 2, 1)
        self.size = nn.Conv2d(wide, 1, 1)
        self.kind = nn.Conv2d(wide, 8, 1)
        self.appearance = nn.Conv2d(wide, 16, 1)
        # Only training needs it: the kind's descriptor must be enough to name the kind.
        self.name = nn.Conv2d(8, len(KINDS), 1)

    def forward(self, frames):
        """`frames` uint8 [N, 3, H, W], oldest first, H and W multiples of 8 → groups, float32 [N, channels, H/8, W/8].

        `moving` is a logit here. `picture` is the input as the trunk sees it, [N, 3, H, W]."""
        # A change of exposure becomes an offset; the floor keeps dark noise small.
        picture = torch.log(frames.float() * (1 / 255) + 0.06) * 0.8 + 1.0
        x = self.trunk(picture)
        return {"moving": self.moving(x), "flow": self.flow(x), "size": self.size(x), "kind": self.kind(x),
                "appearance": self.appearance(x), "picture": picture}


class Exported(nn.Module):
    """What is shipped: one tensor, moving as a probability, and the tone of each cell beside what was learned."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        across = torch.tensor([[0.0, 0.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
        self.register_buffer("slope", torch.stack([across, across.T])[:, None])

    def forward(self, frames):
        out = self.network(frames)
        moving = torch.sigmoid(out["moving"])
        newest = out["picture"][:, FRAMES - 1:]
        mean = functional.avg_pool2d(newest, STRIDE)
        square = functional.avg_pool2d(newest * newest, STRIDE)
        spread = torch.sqrt(torch.relu(square - mean * mean) + 1e-6)
        slopes = functional.avg_pool2d(functional.conv2d(newest, self.slope, padding=1).abs(), STRIDE)
        return torch.cat([moving, out["flow"], out["size"], out["kind"], out["appearance"], mean, spread, slopes], 1)
