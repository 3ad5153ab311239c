"""A small app behind the same layers that keeps a case: a verdict, a comment, a setting."""

import streamlit as st

if __name__ == "__main__":
    from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
    from ui import keeping
    from ui.state import OpenCase, open_case, put_case

    def open_one() -> None:
        demo = DEMONSTRATION_CASES[0]
        recording = make_demonstration_case(demo.key).recording
        case = OpenCase(title="Case 1", recording=recording, demo=demo)
        put_case(case)
        keeping.keep_case(case)
        st.query_params["case"] = case.case_id

    wanted = st.query_params.get("case")
    if open_case() is None and wanted:
        found = keeping.load_case(wanted)
        if found is not None:
            put_case(found)
    st.button("Open a case", on_click=open_one)
    case = open_case()
    if case is not None:
        if st.button("Confirm AF"):
            case.verdicts["AF"] = "confirmed"
        case.comment = st.text_input("Comment", case.comment)
        keeping.note_changes(case)
        st.text(f"{case.title}: verdicts {case.verdicts}, comment {case.comment!r}")
    gain = st.selectbox(
        "Gain", [5, 10, 20], [5, 10, 20].index(keeping.load_settings().get("gain", 10))
    )
    keeping.save_settings({"gain": gain})
    st.text(f"gain {gain}; {len(keeping.list_cases())} cases")
    keeping.show_notice()
else:
    from ui.serving import layers, lifespan

    app = st.App(__file__, middleware=layers(), lifespan=lifespan)
