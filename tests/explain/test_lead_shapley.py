"""Values of whole leads: exact, complete, and what the network says with the others masked."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.explain import precision
from ecgcore.explain.case import Around, Case
from ecgcore.explain.coalitions import Plain, coalition_logits, game_of
from ecgcore.explain.occlusion import occlusion
from ecgcore.explain.shapley import (
    bits,
    interactions,
    lead_shapley,
    limb_values,
    players_of,
    shapley_values,
)
from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet, LeadSetNet, ResNet34
from ecgcore.models.protocol import inputs_of

SETTINGS = {"n_labels": 3, "encoder": (4, 6), "mixed": 8, "trunk": (8, 8), "kernel": 5}


def network(kind):
    torch.manual_seed(1)
    made = LeadSetNet(**SETTINGS) if kind == "lead_set" else LeadAttentionNet(**SETTINGS)
    with torch.no_grad():
        for n_leads in (1, 4, 8, 12):
            for _ in range(10):
                made(torch.randn(6, n_leads, 400))
    made.eval().requires_grad_(False)
    scale = torch.linspace(-1, 1, 12)[None].clone()
    scale[0, 3] = torch.nan
    return made, scale


def case(kind, leads=STANDARD_12, *, gaps=True, prior=-1.0):
    made, scale = network(kind)
    index = torch.tensor([STANDARD_12.index(name) for name in leads])
    x = torch.randn(1, len(leads), 403, generator=torch.Generator().manual_seed(3))
    present = torch.ones(x.shape, dtype=torch.bool)
    if gaps:
        present[0, 0, 100:180] = False
        present[0, -1] = False
        present[0, :, 300:330] = False
    own = scale[:, index] if inputs_of(made).scale else None
    return Case(made, x * present, present, index, 1, 100.0, Around(prior=prior), own)


def masked(made, keep):
    """What the whole network says, one coalition after the other."""
    with torch.inference_mode():
        return np.array(
            [
                float(made.run(made.x, made.present & row[None, :, None])[0, 1])
                for row in torch.from_numpy(keep)
            ]
        )


NUMBERS = st.floats(-5, 5)
KINDS = ("lead_set", "lead_attention")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gaps", [True, False])
def test_coalitions_are_what_the_network_says_with_the_others_masked(kind, gaps):
    made = case(kind, gaps=gaps)
    keep = np.random.default_rng(0).random((40, 12)) < 0.5
    keep[0] = True
    keep[~keep[:, :-1].any(axis=1), 1] = True
    found = coalition_logits(made, keep)
    np.testing.assert_allclose(found, masked(made, keep), rtol=1e-4, atol=1e-5)
    assert np.ptp(found) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("leads", [STANDARD_12, ("V2",), ("II", "V1")])
def test_other_samples_in_one_lead_are_joined_exactly(kind, leads):
    made = case(kind, leads, gaps=len(leads) > 1)
    samples = torch.randn(3, 403, generator=torch.Generator().manual_seed(9))
    samples = samples * made.present[0, 0]
    with torch.inference_mode():
        fast, slow = game_of(made), Plain(made)
        assert type(fast) is not Plain
        torch.testing.assert_close(
            fast.replaced(0, samples), slow.replaced(0, samples), rtol=1e-4, atol=1e-5
        )


def test_another_network_is_asked_as_a_whole():
    made = ResNet34(3, n_leads=12, width=4).eval()

    class Masked(torch.nn.Module):
        def forward(self, x, present, _index):
            return made(x * present)

    x = torch.randn(1, 12, 200)
    one = Case(Masked(), x, torch.ones_like(x, dtype=torch.bool), torch.arange(12), 1)
    assert isinstance(game_of(one), Plain)
    assert coalition_logits(one, np.ones((2, 12), bool)).shape == (2,)


def by_permutations(values, n):
    out = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        held = 0
        for player in order:
            out[player] += values[held | 1 << player] - values[held]
            held |= 1 << player
    return out / len(orders)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 5).flatmap(lambda n: st.lists(st.floats(-5, 5), min_size=2**n, max_size=2**n))
)
def test_shapley_values_are_the_mean_over_all_orders(numbers):
    values = np.array(numbers)
    n = len(values).bit_length() - 1
    found = shapley_values(values)
    np.testing.assert_allclose(found, by_permutations(values, n), atol=1e-9)
    assert found.sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


def test_a_pair_that_only_works_together_interacts_and_a_sum_does_not():
    held = bits(3)
    together = (held[:, 0] & held[:, 1]).astype(float)
    found = interactions(together)
    assert found[0, 1] == found[1, 0] == pytest.approx(1)
    assert np.abs(found[2]).max() == pytest.approx(0)
    np.testing.assert_allclose(interactions(held @ np.array([1.0, 2.0, 3.0])), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("leads", "names", "followers"),
    [
        (STANDARD_12, ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), (2, 3, 4, 5)),
        (("II", "V1"), ("II", "V1"), ()),
        (("V1", "II", "III", "aVF"), ("II", "III", "V1"), (3,)),
        (("aVL",), ("aVL",), ()),
    ],
)
def test_limb_leads_after_the_first_two_follow_them(leads, names, followers):
    players = players_of(leads)
    assert players.names == names
    assert players.followers == followers
    keep = players.keep(len(leads))
    assert len(keep) == 2 ** len(names)
    assert keep[-1].all()
    if followers:
        assert not keep[1][list(followers)].any()
        assert keep[3][list(followers)].all()


@pytest.fixture(params=[False, True], ids=["float32", "bfloat16"])
def near(request, monkeypatch) -> float:
    """How near a logit must be, in each precision that maps are computed in."""
    monkeypatch.setattr(precision, "has_bfloat16", lambda: request.param)
    return 0.05 if request.param else 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_lead_values_are_exact_and_complete(kind, near):
    made = case(kind, ("I", "II", "III", "V1", "V5"))
    found = lead_shapley(made)
    players = players_of(["I", "II", "III", "V1", "V5"])
    keep = players.keep(5)
    values = masked(made, keep)
    values[~keep[:, :4].any(axis=1)] = -1.0  # no lead, or V5 alone, of which no sample is there
    np.testing.assert_allclose(found.leads.values, shapley_values(values), atol=near)
    assert found.leads.players == ("I", "II", "V1", "V5")
    assert found.leads.groups == ("limb leads", "V1", "V5")
    whole = values[-1] + 1.0
    assert found.expected == pytest.approx(whole, rel=1e-4)
    for part in (found.leads.values, found.leads.group_values, found.values):
        assert part.sum() == pytest.approx(whole, abs=near)
    assert not found.values[2].any()  # III follows I and II
    assert not found.values[4].any()  # V5 was absent: nothing changes with it
    assert found.leads.values[3] == pytest.approx(0, abs=1e-6)
    assert set(found.notes) == {"top_fall", "other_fall", "beaten"}


def test_limb_leads_by_themselves_are_worth_what_the_limb_plane_adds(near):
    made = case("lead_set", gaps=False)
    keep = np.ones((2, 12), bool)
    keep[1, :6] = False
    found = limb_values(made)
    assert set(found) == set(STANDARD_12[:6])
    z = masked(made, keep)
    assert sum(found.values()) == pytest.approx(z[0] - z[1], abs=near)
    assert limb_values(case("lead_set", ("V1", "V2"), gaps=False)) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_occlusion_says_what_the_logit_loses(kind):
    made = case(kind, ("II", "V1"))
    found = occlusion(made).values
    assert not found[:, 300:330].any()
    x = made.x.clone()
    first, last = 40, 60  # without beats: stretches of 200 ms
    x[0, 0, first:last] = torch.linspace(float(x[0, 0, first]), float(x[0, 0, last - 1]), 20)
    fall = made.logits(made.x)[0] - made.logits(x)[0]
    assert found[0, first:last].sum() == pytest.approx(fall, rel=1e-3, abs=1e-5)
