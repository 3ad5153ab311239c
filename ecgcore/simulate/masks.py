"""Where an abnormality is visible: which samples of which lead.

A statement about shape lights the samples in which the beat differs by half a millimetre from
the same beat of the same heart without that statement.  Both are made at the same QRS onset (with
pre-excitation: at the same J point, which it preserves) and with the same end of T, so that an
early beat lights itself and nothing after it, and a T that is only later lights nothing.
Statements about rhythm and intervals have spans, in every lead (further ones are in
:mod:`ecgcore.simulate.masks_rhythm`):

============================  ====================================================================
AF, AFLT                      between QRS complexes
SBRAD, STACH, SARRH, SVTAC    from the first to the last QRS onset
IAVB                          from P onset to QRS onset
2AVB                          from the P that is dropped to the next QRS onset; Mobitz I also every
                              PR that is longer than the one after the drop
3AVB                          every P that is not conducted, and every QRS of the escape
PAC                           from the early P's onset to the end of its QRS (blocked: to its end)
PVC, BIGU, 251182009          the early beat's QRS, ST and T, where they differ from the own beat's
LNGQT, 77867006               from QRS onset to T offset
LVOLT, 423863005              QRS
AHA230                        from P onset to T offset
49578007                      from P onset to QRS onset
AHA150                        U (with hypokalemia also ST and T where they differ)
AHA10, AHA11                  where the leads differ from those of right cables
251143007                     from the first to the last QRS onset
PACE and its kinds            every stimulus (40 ms), and where the paced P or QRS, ST and T differ
============================  ====================================================================
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ecgcore.simulate import planning
from ecgcore.simulate.compose import remove_statement
from ecgcore.simulate.heart import Heart
from ecgcore.simulate.heartbeat import (
    Beats,
    add_atria,
    add_ventricles,
    compute_stretch,
    find_atrial_shape,
    find_shape,
    find_ventricular_shape,
    group_beats,
)
from ecgcore.simulate.masks_rhythm import ARTIFACT, SPIKE_S, Span, find_spans
from ecgcore.simulate.person import Person
from ecgcore.simulate.planning import OWN, PACED, VENTRICULAR
from ecgcore.simulate.reversals import REVERSALS
from ecgcore.simulate.shapes import VentricularShape
from ecgcore.simulate.statements import STATEMENTS
from ecgcore.simulate.truth import TrueBeat, Truth
from ecgcore.simulate.vector import Array, derive_rows

Mask = NDArray[np.bool_]
VISIBLE_MV = 0.05
_VISIBLE_P_MV = 0.03
_SHAPED = {
    "lbbb",
    "rbbb",
    "irbbb",
    "lafb",
    "wpw",
    "lvh-strain",
    "st-depression",
    "inferior-stemi",
    "anterior-stemi",
    "lateral-stemi",
    "old-inferior-infarct",
    "old-anterior-infarct",
    "t-inversion",
    "brugada",
    "hyperkalaemia",
    "hyperkalaemia-severe",
}
# The heart's place, not its beat, is another.
_WHOLE_BEATS = {"dextrocardia", "electrical-alternans"}
_WITH_U = {"hypokalaemia", "prominent-u"}
_PREMATURE = "premature"


def find_masks(
    person: Person,
    beats: Beats,
    truth: Truth,
    *,
    leads: tuple[str, ...],
    fs_hz: float,
    n_samples: int,
) -> dict[str, Mask]:
    """Return a mask of shape (n_leads, n_samples) for each label but the normal ECG.

    Statements with several codes have the same mask under each; where two statements share a
    code, their masks are joined.  A lead that is off is dark everywhere.
    """
    maker = _Maker(person, beats, truth, (leads, fs_hz, n_samples))
    masks: dict[str, Mask] = {}
    for key in truth.statements:
        entry = STATEMENTS[key]
        if key == "normal" or not entry.codes:
            continue
        lit = maker.of(key)
        for code in entry.codes:
            if code in truth.labels:
                own = maker.chamber(code, lit)
                masks[code] = masks[code] | own if code in masks else own
    for code in truth.labels:
        if code not in masks and code != "SNR":
            masks[code] = maker.of_code(code)
    for mask in masks.values():
        for name in truth.bad_leads:
            mask[leads.index(name)] = False
        maker.darken_lost(mask)
    return masks


class _Maker:
    """Makes the masks of one record."""

    def __init__(
        self,
        person: Person,
        beats: Beats,
        truth: Truth,
        grid: tuple[tuple[str, ...], float, int],
    ) -> None:
        self.person, self.beats, self.truth = person, beats, truth
        self.leads, self.fs_hz, self.n_samples = grid

    def of(self, key: str) -> Mask:
        """Return the mask of one statement."""
        if key in _SHAPED or (STATEMENTS[key].alone and key not in _WHOLE_BEATS):
            lit = self._differences(key)
            return lit | self._everywhere(self._u_waves()) if key in _WITH_U else lit
        if key.startswith("paced"):
            lit = self._paced()
            return lit | self._everywhere(self._between_qrs()) if key == "paced-af" else lit
        if key in {"pvc", "pvc-multifocal", "pvc-couplets", "pvc-bigeminy"}:
            return self._other_beats(lambda b: b.kind == VENTRICULAR and b.origin == _PREMATURE)
        if key.endswith(("-reversal", "-high")):
            return self._exchanged()
        return self._everywhere(self._spans(key))

    def of_code(self, code: str) -> Mask:
        """Return the mask of a code that no statement of the case was composed of."""
        lit = self._everywhere(find_spans(code, self.truth))
        if code == ARTIFACT:
            seen = {name for one in self.truth.artifacts for name in one.leads}
            lit[[i for i, name in enumerate(self.leads) if name not in seen]] = False
        return lit

    def darken_lost(self, mask: Mask) -> None:
        """Darken a lead, in place, while its electrodes are off."""
        for one in self.truth.artifacts:
            if one.kind == "off":
                rows = [i for i, name in enumerate(self.leads) if name in one.leads]
                mask[rows, self._index(one.start_s) : self._index(one.end_s)] = False

    def chamber(self, code: str, lit: Mask) -> Mask:
        """Return what belongs to one code of a statement that has several."""
        if code == "251268003":
            return self._paced("atrial")
        if code == "251266004":
            return self._paced("ventricular")
        if "paced-af" in self.truth.statements and code in {"AF", "PACE"}:
            return self._paced() if code == "PACE" else self._everywhere(self._between_qrs())
        return lit.copy()

    # --- spans ---------------------------------------------------------------------------
    def _spans(self, key: str) -> list[Span]:
        beats, lone = self.truth.beats, self.truth.lone_p
        if key.startswith("atrial-f"):
            return self._between_qrs()
        table: dict[str, Callable[[], list[Span]]] = {
            "first-degree-av-block": lambda: [(b.p_onset, b.qrs_onset) for b in beats],
            "mobitz-1": lambda: [*self._dropped(), *self._grown()],
            "mobitz-2": self._dropped,
            "complete-av-block": self._apart,
            "complete-av-block-junctional": self._apart,
            "long-qt": lambda: [(b.qrs_onset, b.t_offset) for b in beats],
            "short-qt": lambda: [(b.qrs_onset, b.t_offset) for b in beats],
            "dextrocardia": lambda: [(b.p_onset or b.qrs_onset, b.t_offset) for b in beats],
            "electrical-alternans": lambda: [(b.qrs_onset, b.qrs_offset) for b in beats],
            "short-pr": lambda: [(b.p_onset, b.qrs_onset) for b in beats],
            "low-voltage": lambda: [(b.qrs_onset, b.qrs_offset) for b in beats],
            "pac": self._early_atrial,
            "pac-hidden": self._early_atrial,
            "pac-blocked": lambda: [(p.onset, p.offset) for p in lone if p.fate == _PREMATURE],
        }
        if key in table:
            return table[key]()
        return [(beats[0].qrs_onset, beats[-1].qrs_onset)] if len(beats) > 1 else []

    def _between_qrs(self) -> list[Span]:
        ends = [0.0, *(b.qrs_offset for b in self.truth.beats)]
        starts = [*(b.qrs_onset for b in self.truth.beats), self.n_samples / self.fs_hz]
        return list(zip(ends, starts, strict=True))

    def _u_waves(self) -> list[Span]:
        return [(b.u_onset, b.u_offset) for b in self.truth.beats]

    def _early_atrial(self) -> list[Span]:
        early = [b for b in self.truth.beats if b.type == planning.SUPRAVENTRICULAR]
        return [(b.p_onset, b.qrs_offset) for b in early if b.origin == _PREMATURE]

    def _dropped(self) -> list[Span]:
        onsets = np.array([b.qrs_onset for b in self.truth.beats])
        end_s = self.n_samples / self.fs_hz
        spans: list[Span] = []
        for p in self.truth.lone_p:
            if p.fate == "blocked":
                later = onsets[onsets > p.onset]
                spans.append((p.onset, float(later[0]) if later.size else end_s))
        return spans

    def _grown(self) -> list[Span]:
        known = [b for b in self.truth.beats if b.p_onset is not None]
        if not known:
            return []
        shortest = min(b.qrs_onset - (b.p_onset or 0.0) for b in known)
        return [
            (b.p_onset, b.qrs_onset)
            for b in known
            if b.qrs_onset - (b.p_onset or 0.0) > shortest + 0.02
        ]

    def _apart(self) -> list[Span]:
        p = [(p.onset, p.offset) for p in self.truth.lone_p]
        return [*p, *((b.qrs_onset, b.qrs_offset) for b in self.truth.beats)]

    def _everywhere(self, spans: Iterable[Span]) -> Mask:
        row = np.zeros(self.n_samples, dtype=bool)
        for start_s, stop_s in spans:
            if start_s is not None and stop_s is not None:
                row[self._index(start_s) : self._index(stop_s)] = True
        return np.repeat(row[None], len(self.leads), axis=0)

    def _index(self, time_s: float) -> int:
        return min(max(round(time_s * self.fs_hz), 0), self.n_samples)

    # --- differences of shape --------------------------------------------------------------
    def _differences(self, key: str) -> Mask:
        """Compare every own beat with the same heart's beat without this statement."""
        person = self.person
        plain = remove_statement(person.spec, key)
        lit = np.zeros((len(self.leads), self.n_samples), dtype=bool)
        for name, which in group_beats(self.beats).items():
            shape, other = find_ventricular_shape(person, name), find_shape(plain, name)
            if shape != other:
                lit |= self._compare(which, shape, other, at_j=key == "wpw")
        if plain.atrial != person.spec.atrial:
            lit |= self._p_differs(plain.atrial.name)
        return lit

    def _other_beats(self, chosen: Callable[[planning.PlannedBeat], bool]) -> Mask:
        """Compare beats of another shape with the heart's own beat at the same QRS onset."""
        lit = np.zeros((len(self.leads), self.n_samples), dtype=bool)
        planned = self.beats.schedule.beats
        for name in sorted({b.ventricular for b in planned if chosen(b)}):
            which = np.array(
                [i for i, b in enumerate(planned) if b.ventricular == name and chosen(b)]
            )
            shape = find_ventricular_shape(self.person, name)
            lit |= self._compare(which, shape, self.person.spec.ventricular, at_j=False)
        return lit

    def _compare(
        self, which: Array, shape: VentricularShape, plain: VentricularShape, *, at_j: bool
    ) -> Mask:
        if not which.size:
            return np.zeros((len(self.leads), self.n_samples), dtype=bool)
        heart, other = self.person.heart(shape), self.person.heart(plain)
        onset_s = self.beats.onset_s[which]
        vectors = [np.zeros((3, self.n_samples)) for _ in range(2)]
        zero_s = onset_s - heart.bounds.qrs.onset_ms / 1e3
        self._add(vectors[0], heart, which, zero_s)
        bounds, plain_qrs = heart.bounds, other.bounds.qrs
        plain_zero_s = onset_s - plain_qrs.onset_ms / 1e3
        if at_j:
            plain_zero_s = zero_s + (bounds.qrs.offset_ms - plain_qrs.offset_ms) / 1e3
        # Both T end together: one that is only later is not another T.
        stretch = compute_stretch(self.person, heart, self.beats.rr_s[which])
        j_ms = bounds.qrs.offset_ms
        t_end_s = zero_s + (j_ms + stretch * (bounds.t.offset_ms - j_ms)) / 1e3
        self._add(vectors[1], other, which, plain_zero_s, t_end_s)
        differs = np.abs(self._leads(vectors[0] - vectors[1])) >= VISIBLE_MV
        return differs & self._everywhere(self._beat_spans(onset_s))

    def _add(
        self,
        out: Array,
        heart: Heart,
        which: Array,
        zero_s: Array,
        t_end_s: Array | None = None,
    ) -> None:
        add_ventricles(
            out,
            self.fs_hz,
            self.person,
            heart,
            beats=self.beats,
            chosen=which,
            zero_s=zero_s,
            t_end_s=t_end_s,
        )

    def _beat_spans(self, onset_s: Array) -> list[Span]:
        """From each of these QRS to the end of its T, never into the next beat's QRS."""
        end = {round(b.qrs_onset, 6): _t_end(b) for b in self.truth.beats}
        following = np.append(self.beats.onset_s[1:], np.inf)
        after = dict(zip(np.round(self.beats.onset_s, 6), following, strict=True))
        spans: list[Span] = []
        for onset in onset_s:
            key = round(float(onset), 6)
            stop = end.get(key, float(onset) + 0.45)
            spans.append((float(onset) - 0.01, min(stop + 0.04, float(after[key]))))
        return spans

    def _p_differs(self, plain_name: str) -> Mask:
        times = [
            (i, b.p_s)
            for i, b in enumerate(self.beats.schedule.beats)
            if b.p_s is not None and b.atrial == OWN
        ]
        if not times:
            return np.zeros((len(self.leads), self.n_samples), dtype=bool)
        onset_s = np.array([t for _, t in times])
        turn = self.beats.turn[[i for i, _ in times]]
        vectors = [np.zeros((3, self.n_samples)) for _ in range(2)]
        add_atria(vectors[0], self.fs_hz, self.person.atria(self.person.spec.atrial), onset_s, turn)
        plain = self.person.atria(find_atrial_shape(self.person, plain_name))
        add_atria(vectors[1], self.fs_hz, plain, onset_s, turn)
        return np.abs(self._leads(vectors[0] - vectors[1])) >= _VISIBLE_P_MV

    def _leads(self, heart: Array) -> Array:
        independent = self.person.matrix @ heart
        if self.person.spec.reversal:
            independent = REVERSALS[self.person.spec.reversal] @ independent
        rows = derive_rows(independent)
        return np.stack([rows[name] for name in self.leads]).astype(np.float64)

    # --- pacing, cables ---------------------------------------------------------------------
    def _paced(self, chamber: str = "") -> Mask:
        spikes = [s.time_s for s in self.truth.spikes if chamber in {"", s.chamber}]
        lit = self._everywhere([(t - SPIKE_S, t + SPIKE_S) for t in spikes])
        if chamber != "atrial":
            lit |= self._other_beats(lambda b: b.kind == PACED)
        return lit

    def _exchanged(self) -> Mask:
        """Compare what was recorded with what right cables would have shown, beat by beat."""
        vector = np.zeros((3, self.n_samples))
        plain = self.person.matrix
        for name in sorted({b.ventricular for b in self.beats.schedule.beats}):
            which = np.array(
                [i for i, b in enumerate(self.beats.schedule.beats) if b.ventricular == name]
            )
            heart = self.person.heart(find_ventricular_shape(self.person, name))
            self._add(
                vector, heart, which, self.beats.onset_s[which] - heart.bounds.qrs.onset_ms / 1e3
            )
        for i, beat in enumerate(self.beats.schedule.beats):
            if beat.p_s is not None:
                atria = self.person.atria(find_atrial_shape(self.person, beat.atrial))
                add_atria(vector, self.fs_hz, atria, np.array([beat.p_s]), self.beats.turn[[i]])
        independent = plain @ vector
        seen = REVERSALS[self.person.spec.reversal] @ independent
        rows = derive_rows(seen - independent)
        return np.asarray(np.abs(np.stack([rows[n] for n in self.leads])) >= VISIBLE_MV)


def _t_end(beat: TrueBeat) -> float:
    return beat.t_offset if beat.t_offset is not None else beat.qrs_onset + 0.45
