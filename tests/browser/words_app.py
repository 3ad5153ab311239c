"""A page that shows strangers' texts in every place that takes Markdown."""

import json
import os

import streamlit as st

from ui.words import plain

for number, text in enumerate(json.loads(os.environ["ECG_TEST_TEXTS"])):
    words = plain(text)
    with st.container(key=f"text_{number}"):
        st.markdown(words)
        st.caption(words)
        st.warning(words)
        st.selectbox(words, ["a"], key=f"s{number}")
        st.tabs([words])[0].write("inside")
        st.expander(words).write("inside")
        st.pills("of", [words], key=f"p{number}")
        st.markdown(f"- {words}")
