"""Everything of the app that uses Streamlit, except the pages themselves."""
