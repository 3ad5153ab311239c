"""Which installed model a page speaks of."""

import streamlit as st

from ecgcore.inference import DEFAULT_MODEL, available_models


def choose_model(*tasks: str) -> str | None:
    """Offer the installed models of these tasks (every task if none is named)."""
    wanted = tasks or ("statements", "waves", "anomaly")
    names = [name for task in wanted for name in available_models(task)]
    if not names:
        st.info("No trained model is installed here.")
        return None
    first = names.index(DEFAULT_MODEL) if DEFAULT_MODEL in names else 0
    return st.selectbox("Model", names, index=first, width=260, key="card_model")
