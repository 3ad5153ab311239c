"""Entry point of the app: the router that each visit runs, and the server that runs it."""

import streamlit as st

if __name__ == "__main__":  # a visit: page configuration and navigation, no logic
    from ui import serving, shell

    st.set_page_config(page_title="ECG review", page_icon="ui/icon.svg", layout="wide")
    serving.require_layers()
    shell.apply_style()
    shell.warm_up()
    pages = [
        st.Page("pages/open.py", title="Open", icon=":material/folder_open:", default=True),
        st.Page("pages/review.py", title="Review", icon=":material/ecg:"),
        st.Page("pages/explain.py", title="Explain", icon=":material/search_insights:"),
        st.Page("pages/measure.py", title="Measure", icon=":material/straighten:"),
        st.Page("pages/single_lead.py", title="Single lead", icon=":material/timeline:"),
        st.Page("pages/waveform_attention.py", title="Waveform attention", icon=":material/water:"),
        st.Page("pages/anomaly.py", title="Anomaly", icon=":material/troubleshoot:"),
        st.Page("pages/model_card.py", title="Model card", icon=":material/verified:"),
        st.Page("pages/population.py", title="Population", icon=":material/groups:"),
    ]
    page = st.navigation(pages, position="top")
    if wanted := shell.take_wanted_page():
        st.switch_page(wanted)
    page.run()
    shell.show_footer()
else:  # imported by `streamlit run`, which serves the application that it finds here
    from ui.serving import layers, lifespan

    app = st.App(__file__, middleware=layers(), lifespan=lifespan)
