"""A waveform-enhanced module before a classifier: the signal is rewritten, then read.

After Linpeng Jin, DANet, arXiv 2407.18033 (2024).  What that preprint establishes: a gain curve
over time, made for one named disease, multiplies the raw signal before an existing classifier
sees it; the curve is either coded by hand from delineated waves or predicted by a network.  Its
layers and values are not public: those here are a reconstruction.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.models.delineator import DelineatorNet
from ecgcore.models.lead_set import LeadSetNet, checked
from ecgcore.models.protocol import Inputs


class WaveformCurve(nn.Module):
    """Predict a gain from 0 to 1 for every sample, one for all leads.

    One small encoder and decoder reads each lead by itself; what it says is joined by mean and
    maximum over the leads that are there, so that any subset of leads will do.

    Parameters
    ----------
    n_labels : int
        Diseases: a curve for each.
    widths : tuple of int
        Channels at each resolution, as in :class:`ecgcore.models.delineator.DelineatorNet`.
    kernel : int
        Odd.
    channels : int
        What each lead says, before the leads are joined.
    """

    def __init__(
        self,
        n_labels: int = 1,
        *,
        widths: tuple[int, ...] = (8, 12, 16, 20, 24),
        kernel: int = 5,
        channels: int = 8,
    ) -> None:
        super().__init__()
        self.lead = DelineatorNet(channels, widths=widths, kernel=kernel, dropout=0.0)
        self.head = nn.Conv1d(2 * channels, n_labels, 1)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return the curves.

        Parameters
        ----------
        x : Tensor, shape (B, L, T)
            Standardised; zero where absent.
        mask : Tensor of bool, same shape, or None
            None: all is present.

        Returns
        -------
        Tensor, shape (B, n_labels, T)
        """
        batch, n_leads, n = x.shape
        said = functional.relu(self.lead(x.reshape(batch * n_leads, n)))
        said = said.view(batch, n_leads, -1, n)
        if mask is None:
            joined = torch.cat([said.mean(dim=1), said.amax(dim=1)], dim=1)
        else:
            # ReLU: nothing is below zero, so an absent lead's zero never is the maximum alone.
            said = said * mask[:, :, None].to(said.dtype)
            count = mask.sum(dim=1, keepdim=True).clamp(min=1)
            joined = torch.cat([said.sum(dim=1) / count, said.amax(dim=1)], dim=1)
        return torch.sigmoid(self.head(joined).float())


class DANet(nn.Module):
    """A gain curve, the signal amended by it, and a classifier that sees nothing else.

    Parameters
    ----------
    n_labels : int
        Diseases.  Each has a curve of its own and is read from the signal amended by it; the
        classifier is shared.
    rule : str
        For a network coded by hand, the disease whose rule makes its gain; no part of the network.
    curve_widths : tuple of int
        Of :class:`WaveformCurve`; empty for a network whose gain is always given (coded by hand,
        random, or none).
    curve_kernel, curve_channels : int
    encoder, mixed, trunk, kernel, dropout
        Of the classifier, :class:`ecgcore.models.lead_set.LeadSetNet`.

    Notes
    -----
    Reconstruction.  Deviation from the preprint: the classifier takes any subset of twelve leads.
    """

    def __init__(
        self,
        *,
        n_labels: int = 1,
        rule: str = "",
        curve_widths: tuple[int, ...] = (8, 12, 16, 20, 24),
        curve_kernel: int = 5,
        curve_channels: int = 8,
        encoder: tuple[int, int] = (24, 40),
        mixed: int = 36,
        trunk: tuple[int, ...] = (48, 80),
        kernel: int = 5,
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        self.n_labels = n_labels
        self.rule = rule
        self.curve: WaveformCurve | None = None
        if curve_widths:
            self.curve = WaveformCurve(
                n_labels, widths=curve_widths, kernel=curve_kernel, channels=curve_channels
            )
        self.body = LeadSetNet(
            n_labels=n_labels,
            encoder=encoder,
            mixed=mixed,
            trunk=trunk,
            kernel=kernel,
            dropout=dropout,
        )

    @property
    def inputs(self) -> Inputs:
        """What it takes: a network coded by hand is given its gain."""
        return Inputs(rule="" if self.curve is not None else self.rule)

    def answers(
        self,
        x: Tensor,
        present: Tensor | None = None,
        leads: Tensor | None = None,
        gain: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the logits by name; as :meth:`forward`."""
        return {"logits": self(x, present, leads, gain)}

    @property
    def gradcam_layer(self) -> nn.Module:
        """The classifier's own: it sees the amended signal."""
        return self.body.gradcam_layer

    @property
    def gradcam_stride(self) -> int:
        """Samples of the input for one step of :attr:`gradcam_layer`."""
        return self.body.gradcam_stride

    def gain(self, x: Tensor, present: Tensor | None = None, leads: Tensor | None = None) -> Tensor:
        """Return the learned curve of each disease, shape (B, n_labels, T); see :meth:`forward`.

        Raises
        ------
        InvalidArgumentError
            If this network has no learned curve, or the shapes do not fit.
        """
        if self.curve is None:
            raise InvalidArgumentError(
                "This network learned no gain curve; one must be given with the samples."
            )
        mask, _ = checked(x, present, leads)
        if mask is not None:
            x = torch.where(mask, x, torch.zeros((), dtype=x.dtype))
        curves: Tensor = self.curve(x, mask)
        return curves

    def forward(
        self,
        x: Tensor,
        present: Tensor | None = None,
        leads: Tensor | None = None,
        gain: Tensor | None = None,
    ) -> Tensor:
        """Return logits.

        Parameters
        ----------
        x, present, leads
            As :meth:`ecgcore.models.lead_set.LeadSetNet.forward`.
        gain : Tensor, shape (B, n_labels, T), optional
            The curves to amend the signal by; by default the learned ones.

        Returns
        -------
        Tensor, shape (B, n_labels)

        Raises
        ------
        InvalidArgumentError
            If the shapes do not fit, or no gain is given to a network that learned none.
        """
        if gain is None:
            gain = self.gain(x, present, leads)
        if gain.shape != (x.shape[0], self.n_labels, x.shape[-1]):
            raise InvalidArgumentError(
                f"The gain has shape {tuple(gain.shape)}; "
                f"{(x.shape[0], self.n_labels, x.shape[-1])} is needed."
            )
        columns = [
            self.body(x * gain[:, k : k + 1].to(x.dtype), present, leads)[:, k]
            for k in range(self.n_labels)
        ]
        return torch.stack(columns, dim=1)
