"""A small app behind the same layers: an upload, a file, a deferred file."""

import streamlit as st

if __name__ == "__main__":
    from ui.serving.uploads import settle_uploads

    settle_uploads(st.file_uploader("Files", accept_multiple_files=True))
    st.download_button("Now", b"made at once", file_name="now.txt", key="now")
    st.download_button("Later", lambda: b"made when asked", file_name="later.txt", key="later")
else:
    from ui.serving import layers, lifespan

    app = st.App(__file__, middleware=layers(), lifespan=lifespan)
