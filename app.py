"""Entry point of the app: the router that each visit runs, and the server that runs it."""

import streamlit as st

if __name__ == "__main__":  # a visit: page configuration and navigation, no logic
    from ui import addresses, kept_settings, serving, shell

    st.set_page_config(page_title="ECG review", page_icon="ui/icon.svg", layout="wide")
    serving.require_layers()
    shell.apply_style()
    kept_settings.take_settings()
    pages = [
        st.Page(addresses.WORKLIST, title="Worklist", default=True),
        st.Page(addresses.READ, title="Read"),
        st.Page(addresses.MODELS, title="Models"),
        *addresses.former_pages(),
    ]
    page = st.navigation(pages, position="top")
    if wanted := shell.take_wanted_page():
        st.switch_page(wanted)
    page.run()
    shell.show_footer()
    # Last: what it imports would hold up the first page.
    shell.warm_up()
else:  # imported by `streamlit run`, which serves the application that it finds here
    from ui.serving import layers, lifespan

    app = st.App(__file__, middleware=layers(), lifespan=lifespan)
