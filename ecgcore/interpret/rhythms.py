"""The rhythm of each stretch of a recording, from beats and P waves; one rhythm at a time."""

from ecgcore.results.interpreted import Episode
from ecgcore.study import Study


def find_rhythms(study: Study) -> tuple[Episode, ...]:
    """Return the rhythms of a recording in order of time, without overlap.

    Parameters
    ----------
    study : Study
    """
    return (Episode(code="", start_s=0.0, stop_s=study.recording.duration_s),)
