"""The published anomaly detector "MCF", to the layer: masked multi-scale restoration.

Source: Jiang et al., "Multi-scale cross-restoration framework for electrocardiogram anomaly
detection", MICCAI 2023, arXiv 2308.01639; written anew from its description.  12 leads, 4,800
samples at 500 Hz, 7,085,779 parameters.

Three encoders read the whole recording, one beat, and its smoothed derivative.  One attention
layer joins the tokens of recording and beat, two perceptrons over the token axis send what was
found back to each, and three decoders restore the recording (twice: from recording and beat, and
from the derivative) and the beat.  Recording and beat are masked; the derivative never is.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ecgcore.errors import InvalidArgumentError

GLOBAL_SAMPLES, LOCAL_SAMPLES = 4800, 480
LATENT = 50
_TOKENS = 136
_WIDTHS = (32, 64, 128, 256, 512)


@dataclass(frozen=True)
class McfOutputs:
    """What the network restores.

    Attributes
    ----------
    whole, beat, from_trend : Tensors, shape (B, n_leads, samples)
    whole_log_var, beat_log_var : Tensors, shape (B, 1, samples)
        From -1 to 1, shared by all leads.
    """

    whole: Tensor
    whole_log_var: Tensor
    beat: Tensor
    beat_log_var: Tensor
    from_trend: Tensor


def encoder(n_in: int, latent: int = LATENT) -> nn.Sequential:
    """Return the encoder, (B, n_in, T) -> (B, latent, T / 32 - 14)."""
    layers: list[nn.Module] = [nn.Conv1d(n_in, _WIDTHS[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for a, b in pairwise(_WIDTHS):
        layers += [nn.Conv1d(a, b, 4, 2, 1, bias=False), nn.BatchNorm1d(b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv1d(_WIDTHS[-1], latent, 15, bias=False))


def decoder(n_out: int, latent: int = LATENT) -> nn.Sequential:
    """Return the decoder, the encoder's mirror; its outputs lie between -1 and 1."""
    down = _WIDTHS[::-1]
    layers: list[nn.Module] = [
        nn.ConvTranspose1d(latent, down[0], 15, bias=False),
        nn.BatchNorm1d(down[0]),
        nn.ReLU(),
    ]
    for a, b in pairwise(down):
        layers += [nn.ConvTranspose1d(a, b, 4, 2, 1, bias=False), nn.BatchNorm1d(b), nn.ReLU()]
    return nn.Sequential(
        *layers, nn.ConvTranspose1d(down[-1], n_out, 4, 2, 1, bias=False), nn.Tanh()
    )


def _mixer(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, n_out))


class MCF(nn.Module):
    """The published network.

    Parameters
    ----------
    n_leads : int
        12 as published; 1 for recordings of one lead.

    Notes
    -----
    The description does not name the activation within the two perceptrons; it is ReLU here.
    """

    n_labels = 1

    def __init__(self, *, n_leads: int = 12) -> None:
        super().__init__()
        if not 1 <= n_leads <= 12:
            raise InvalidArgumentError(f"MCF was asked for {n_leads} leads; 1 to 12 are possible.")
        self.n_leads = n_leads
        self.encode_whole = encoder(n_leads)
        self.encode_beat = encoder(n_leads)
        self.encode_trend = encoder(n_leads)
        self.attention = nn.MultiheadAttention(LATENT, 2, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(LATENT)
        self.to_beat = _mixer(_TOKENS + 1, 2 * (_TOKENS + 1), 1)
        self.to_whole = _mixer(_TOKENS + 1, 4 * (_TOKENS + 1), _TOKENS)
        self.decode_whole = decoder(n_leads + 1)
        self.decode_beat = decoder(n_leads + 1)
        self.decode_trend = decoder(n_leads, 2 * LATENT)

    def forward(self, whole: Tensor, beat: Tensor, trend: Tensor) -> McfOutputs:
        """Restore.

        Parameters
        ----------
        whole, trend : Tensors, shape (B, n_leads, 4800)
            From -1 to 1; ``whole`` zero where masked.
        beat : Tensor, shape (B, n_leads, 480)

        Raises
        ------
        InvalidArgumentError
            If a shape is another.
        """
        expected = (whole.shape[0], self.n_leads, GLOBAL_SAMPLES)
        if whole.shape != expected or trend.shape != expected:
            raise InvalidArgumentError(
                f"MCF takes (batch, {self.n_leads}, {GLOBAL_SAMPLES}) samples; "
                f"it was given {tuple(whole.shape)} and {tuple(trend.shape)}."
            )
        if beat.shape != (*expected[:2], LOCAL_SAMPLES):
            raise InvalidArgumentError(
                f"MCF takes beats of {LOCAL_SAMPLES} samples; it was given {tuple(beat.shape)}."
            )
        z_whole, z_beat = self.encode_whole(whole), self.encode_beat(beat)
        z_trend = self.encode_trend(trend)
        tokens = torch.cat([z_whole, z_beat], dim=-1).transpose(1, 2)
        found, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        joined = self.norm(tokens + found).transpose(1, 2)
        z_beat = z_beat + self.to_beat(joined)
        z_whole = z_whole + self.to_whole(joined)
        out, beat_out = self.decode_whole(z_whole), self.decode_beat(z_beat)
        return McfOutputs(
            whole=out[:, : self.n_leads],
            whole_log_var=out[:, self.n_leads :],
            beat=beat_out[:, : self.n_leads],
            beat_log_var=beat_out[:, self.n_leads :],
            from_trend=self.decode_trend(torch.cat([z_whole, z_trend], dim=1)),
        )


class ConvAutoencoder(nn.Module):
    """A plain convolutional autoencoder of the same encoder and decoder: the control.

    (B, n_leads, T) -> (B, n_leads, T), T a multiple of 32 and 480 or more.
    """

    n_labels = 1

    def __init__(self, *, n_leads: int = 12) -> None:
        super().__init__()
        self.n_leads = n_leads
        self.encode = encoder(n_leads)
        self.decode = decoder(n_leads)

    def forward(self, x: Tensor) -> Tensor:
        """Return what is restored of samples between -1 and 1."""
        out: Tensor = self.decode(self.encode(x))
        return out
