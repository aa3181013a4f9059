from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.samples import LATENTS, tiny_model
from vae_core import ConfigError, ModelConfig, build_vae
from vae_core.config import ACTIVATIONS, NETWORKS
from vae_core.networks import ChannelsFirst, ChannelsLast, Conv, Crop, Pad, halvings

IMAGES = [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 64, 64), (1, 13, 20), (3, 21, 9), (1, 4, 64)]


def conv(image: tuple[int, int, int], latent: tuple[int, ...], hidden=(4,)) -> Conv:
    return Conv(ModelConfig(network="conv", hidden=hidden, latent_shape=latent), image)


def stages(encoder: nn.Sequential) -> int:
    return sum(isinstance(layer, nn.Conv2d) and layer.stride == (2, 2) for layer in encoder)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("latent", [(3,), (2, 3, 2), (1, 2, 4)])
@pytest.mark.parametrize("image", [(1, 8, 12), (3, 8, 12), (1, 13, 20)])
def test_networks_keep_their_shapes(network, latent, image):
    pair = NETWORKS[network](tiny_model(latent, network=network), image)
    x, z = torch.rand(5, *image), torch.randn(5, *latent)
    assert pair.encoder(7)(x).shape == (5, *latent[:-1], 7)
    assert pair.decoder(2 * image[0])(z).shape == (5, 2 * image[0], *image[1:])


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("image", IMAGES)
def test_vector_latents_fit_images_of_any_size(network, image):
    vae = build_vae(tiny_model(network=network), image)
    x = torch.rand(2, *image)
    assert vae.decode(vae.encode(x).mean).mean.shape == x.shape


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("latent", LATENTS)
def test_every_hidden_layer_has_its_activation_and_the_last_has_none(network, latent, activation):
    config = tiny_model(latent, network=network, hidden=(6, 8), activation=activation)
    kind = type(ACTIVATIONS[activation].layer())
    plain = NETWORKS[network](replace(config, activation="relu"), (3, 8, 8))
    pair = NETWORKS[network](config, (3, 8, 8))
    for name, size in (("encoder", 5), ("decoder", 6)):
        layers, as_relu = (list(getattr(one, name)(size)) for one in (pair, plain))
        found = [k for k, layer in enumerate(layers) if isinstance(layer, kind)]
        assert found == [k for k, layer in enumerate(as_relu) if isinstance(layer, nn.ReLU)]
        assert len(found) >= 2 or network == "conv"
        weights = [layer for layer in layers if any(True for _ in layer.parameters())]
        assert layers.index(weights[-1]) > found[-1]
    x, z = torch.rand(2, 3, 8, 8), torch.randn(2, *latent)
    assert pair.encoder(5)(x).shape == (2, *latent[:-1], 5)
    assert pair.decoder(6)(z).shape == (2, 6, 8, 8)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("latent", LATENTS)
def test_no_layer_mixes_images_or_normalises(network, latent):
    """Every image is encoded as it would be alone; no layer has running statistics."""
    vae = build_vae(tiny_model(latent, network=network), (1, 8, 8))
    names = " ".join(type(layer).__name__ for layer in vae.modules())
    assert "Norm" not in names
    assert "Attention" not in names
    x = torch.rand(6, 1, 8, 8)
    together = vae.encode(x).mean
    alone = torch.cat([vae.encode(x[i : i + 1]).mean for i in range(6)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(
    ("image", "grid", "n_stages", "padded"),
    [
        ((64, 64), (4, 4), 4, (64, 64)),
        ((28, 28), (4, 4), 3, (32, 32)),
        ((28, 28), (7, 7), 2, (28, 28)),
        ((28, 28), (1, 1), 5, (32, 32)),
        ((13, 20), (2, 3), 3, (16, 24)),
        ((13, 20), (4, 5), 2, (16, 20)),
        ((8, 8), (4, 4), 1, (8, 8)),
        ((4, 64), (1, 16), 2, (4, 64)),
    ],
)
def test_number_of_stages_follows_from_image_and_grid(image, grid, n_stages, padded):
    assert halvings(image, grid) == n_stages
    pair = conv((1, *image), (*grid, 2))
    assert pair.padded == padded
    assert stages(pair.encoder(4)) == n_stages
    assert pair.encoder(4)(torch.rand(1, 1, *image)).shape == (1, *grid, 4)
    assert pair.decoder(1)(torch.randn(1, *grid, 2)).shape == (1, 1, *image)


def test_paper_encoder_is_a_sixteenth():
    """64 x 64 to 4 x 4: section 3.1 of arXiv 2004.06271."""
    assert stages(conv((3, 64, 64), (4, 4, 8)).encoder(16)) == 4


def test_widths_are_repeated_or_cut_to_the_stages():
    assert conv((1, 64, 64), (4, 4, 2), hidden=(3, 5)).widths == [3, 5, 5, 5]
    assert conv((1, 8, 8), (4, 4, 2), hidden=(3, 5)).widths == [3]


@pytest.mark.parametrize(
    ("image", "latent", "message"),
    [
        ((1, 8, 8), (16, 16, 1), r"latent: a grid of 16 x 16 cells is finer than .* 8 x 8 pixels"),
        ((1, 8, 8), (4, 9, 1), "grid of 4 x 9 cells is finer"),
        ((1, 8, 8), (8, 8, 1), "halves the image at least once"),
        ((1, 64, 8), (1, 8, 1), "would pad the image of 64 x 8 to 64 x 512; choose cells"),
        ((1, 28, 28), (1, 4, 1), "would pad .* to 32 x 128"),
        ((1, 28, 28), (4, 7, 1), "would pad .* to 32 x 56"),  # as much padding as image
    ],
)
def test_grid_that_does_not_fit_is_refused(image, latent, message):
    with pytest.raises(ConfigError, match=message):
        build_vae(tiny_model(latent, network="conv"), image)


def test_conv_without_channels_is_refused():
    with pytest.raises(ConfigError, match="hidden: a conv network needs at least one"):
        build_vae(tiny_model(network="conv", hidden=()), (1, 8, 8))


def test_mlp_without_hidden_layers_is_linear():
    vae = build_vae(tiny_model(hidden=()), (1, 5, 6)).double()
    for network, shape in ((vae.encoder, (1, 5, 6)), (vae.decoder, (3,))):
        a, b = torch.randn(2, 4, *shape, dtype=torch.float64)
        zero = torch.zeros_like(a)
        both = network(2 * a - 3 * b)
        parts = 2 * network(a) - 3 * network(b) + 2 * network(zero)
        torch.testing.assert_close(both, parts)


def test_mlp_decoder_mirrors_its_encoder():
    pair = NETWORKS["mlp"](tiny_model(hidden=(9, 5)), (1, 4, 4))
    encoder = [(f.in_features, f.out_features) for f in pair.encoder(3) if hasattr(f, "bias")]
    decoder = [(f.out_features, f.in_features) for f in pair.decoder(1) if hasattr(f, "bias")]
    assert encoder == [(16, 9), (9, 5), (5, 3)]
    assert decoder == encoder[::-1]


@pytest.mark.parametrize("image", [(28, 28), (13, 20), (9, 7)])
def test_crop_undoes_pad(image):
    padded = (32, 24) if image[0] < 28 else (32, 32)
    x = torch.rand(2, 3, *image)
    larger = Pad(image, padded)(x)
    assert larger.shape == (2, 3, *padded)
    assert larger.sum() == pytest.approx(x.sum().item(), rel=1e-5)
    assert torch.equal(Crop(image, padded)(larger), x)


def test_padding_is_as_wide_on_either_side():
    rows = Pad((28, 28), (32, 32))(torch.ones(1, 1, 28, 28)).sum((0, 1, 3))
    assert rows.tolist() == [0.0] * 2 + [28.0] * 28 + [0.0] * 2


def test_channels_first_undoes_channels_last():
    x = torch.rand(2, 3, 4, 5)
    last = ChannelsLast()(x)
    assert torch.equal(last[1, 2, 3], x[1, :, 2, 3])
    assert torch.equal(ChannelsFirst()(last), x)


def receptive_field(encoder: nn.Sequential) -> tuple[int, int, float]:
    """Size, jump, and the centre of the first cell: r += (k - 1) * jump; jump *= stride."""
    size, jump, centre = 1, 1, 0.0
    for layer in encoder:
        if isinstance(layer, nn.Conv2d):
            (kernel, _), (stride, _), (padding, _) = (
                layer.kernel_size,
                layer.stride,
                layer.padding,
            )
            centre += ((kernel - 1) / 2 - padding) * jump
            size += (kernel - 1) * jump
            jump *= stride
    return size, jump, centre


def test_three_stages_see_22_pixels_and_step_by_8():
    encoder = conv((1, 64, 64), (8, 8, 1)).encoder(1)
    assert receptive_field(encoder)[:2] == (22, 8)


@pytest.mark.parametrize("cell", [(0, 0), (3, 4), (7, 7), (5, 1)])
def test_a_cell_sees_exactly_its_receptive_field(cell):
    """The encoder's gradient is zero outside, and reaches the border of, the field."""
    torch.manual_seed(0)
    encoder = conv((1, 64, 64), (8, 8, 1), hidden=(6,)).encoder(2)
    size, jump, centre = receptive_field(encoder)
    seen = torch.zeros(64, 64)
    for _ in range(8):  # over several pictures, for a ReLU may hide a pixel in one of them
        x = torch.rand(1, 1, 64, 64, requires_grad=True)
        (gradient,) = torch.autograd.grad(encoder(x)[0, cell[0], cell[1]].abs().sum(), x)
        seen += gradient[0, 0].abs()
    used = seen > 0
    for axis, index in enumerate(cell):
        first = centre + index * jump - (size - 1) / 2
        low, high = max(0, int(first)), min(63, int(first) + size - 1)
        where = used.any(1 - axis).nonzero()[:, 0].tolist()
        assert where == list(range(low, high + 1))


def test_a_cell_paints_only_around_itself():
    vae = build_vae(tiny_model((8, 8, 2), network="conv"), (1, 64, 64))
    z = torch.zeros(1, 8, 8, 2)
    poked = z.clone()
    poked[0, 2, 5] += 3.0
    difference = (vae.decode(poked).mean - vae.decode(z).mean)[0, 0].abs() > 0
    rows, columns = difference.any(1).nonzero()[:, 0], difference.any(0).nonzero()[:, 0]
    # mirrored, the field is the same: 22 pixels around the cell's own 8
    assert 2 * 8 - 7 <= rows.min() <= rows.max() <= 2 * 8 + 7 + 7
    assert 5 * 8 - 7 <= columns.min() <= columns.max() <= 5 * 8 + 7 + 7
