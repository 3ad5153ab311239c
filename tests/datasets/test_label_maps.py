"""Each data set's words onto the nine statements, clause by clause of the label rules."""

from math import isnan

import pytest

from ecgcore.datasets import challenge2021, cinc2017, cpsc2018, ludb, ptbxl
from ecgcore.datasets.entry import age_or_none, core_targets
from ecgcore.errors import DatasetError
from ecgcore.statements import CORE_CODES


def words(targets: tuple[float, ...]) -> tuple[set[str], set[str]]:
    """Return the codes present, and the codes masked."""
    present = {c for c, t in zip(CORE_CODES, targets, strict=True) if t == 1}
    masked = {c for c, t in zip(CORE_CODES, targets, strict=True) if isnan(t)}
    assert all(t in (0, 1) or isnan(t) for t in targets)
    return present, masked


@pytest.mark.parametrize(
    ("codes", "present", "masked"),
    [
        (["NORM", "SR"], {"SNR"}, set()),
        (["NORM"], {"SNR"}, set()),
        (["SR"], set(), set()),
        (["NORM", "SR", "LVOLT"], set(), {"SNR"}),
        (["NORM", "PVC", "SR"], {"PVC"}, {"SNR"}),
        (["AFIB"], {"AF"}, set()),
        (["AFLT"], set(), {"AF"}),
        (["AFLT", "AFIB"], {"AF"}, set()),
        (["1AVB", "CLBBB"], {"IAVB", "LBBB"}, set()),
        (["LPR"], set(), {"IAVB"}),
        (["CRBBB", "IRBBB"], {"RBBB"}, set()),
        (["IRBBB"], set(), {"RBBB"}),
        (["ILBBB"], set(), {"LBBB"}),
        (["BIGU", "PVC"], {"PVC"}, {"PAC"}),
        (["TRIGU"], set(), {"PAC", "PVC"}),
        (["PRC(S)"], set(), {"PAC", "PVC"}),
        (["STD_", "NST_"], {"STD"}, {"STE"}),
        (["ISCAL"], set(), {"STD"}),
        (["INJAS"], set(), {"STD", "STE"}),
        (["IMI"], set(), {"STE"}),
        (["NDT"], set(), {"STD"}),
        (["PACE"], set(), {"LBBB", "STD", "STE"}),
        (["STE_", "AMI"], {"STE"}, set()),
    ],
)
def test_ptbxl_statements(codes, present, masked):
    assert words(ptbxl.targets(codes)) == (present, masked)


@pytest.mark.parametrize(
    ("codes", "present", "masked"),
    [
        (["Normal"], {"SNR"}, set()),
        (["RBBB", "PAC"], {"RBBB", "PAC"}, set()),
        (["426783006"], {"SNR"}, set()),
        (["426783006", "39732003"], set(), {"SNR"}),
        (["426783006", "427084000", "164934002"], set(), {"SNR"}),
        (["426783006", "270492004"], {"IAVB"}, set()),
        (["426783006", "251146004"], set(), set()),
        (["733534002"], {"LBBB"}, set()),
        (["713427006", "713426002"], {"RBBB"}, set()),
        (["713426002"], set(), {"RBBB"}),
        (["251120003"], set(), {"LBBB"}),
        (["164947007"], set(), {"IAVB"}),
        (["164890007"], set(), {"AF"}),
        (["63593006"], {"PAC"}, set()),
        (["11157007"], {"PVC"}, set()),
        (["164861001"], set(), {"STD"}),
        (["428750005"], set(), {"STD", "STE"}),
        (["55930002", "164931005"], {"STE"}, {"STD"}),
        (["164865005"], set(), {"STE"}),
    ],
)
def test_challenge_diagnoses(codes, present, masked):
    assert words(challenge2021.targets(codes)) == (present, masked)


def test_challenge_ptb_tells_only_what_is_there():
    present, masked = words(challenge2021.targets(["164889003"], only_positives=True))
    assert present == {"AF"}
    assert masked == set(CORE_CODES) - {"AF"}


@pytest.mark.parametrize(
    ("remarks", "present", "masked"),
    [
        (["Rhythm: Sinus rhythm.", "Electric axis of the heart: normal."], {"SNR"}, set()),
        (["Rhythm: Sinus rhythm.", "Electric axis of the heart: vertical."], set(), set()),
        (["Rhythm: Atrial fibrillation."], {"AF"}, set()),
        (["Rhythm: Atrial flutter, typical."], set(), {"AF"}),
        (["I degree AV block."], {"IAVB"}, set()),
        (["III degree AV-block."], set(), set()),
        (["Complete left bundle branch block."], {"LBBB"}, set()),
        (["Incomplete right bundle branch block."], set(), {"RBBB"}),
        (["Incomplete left bundle branch block."], set(), {"LBBB"}),
        (["Atrial extrasystole: low atrial."], {"PAC"}, set()),
        (["Ventricular extrasystole, type: couplet."], {"PVC"}, set()),
        (["STEMI: septal."], {"STE"}, set()),
        (["Undefined ischemia/scar/supp.NSTEMI: apical."], set(), {"STD", "STE"}),
        (["Ischemia: lateral wall."], set(), {"STD"}),
        (["Left ventricular overload."], set(), {"STD"}),
        (["Early repolarization syndrome."], set(), {"STD", "STE"}),
        (["Non-specific repolarization abnormalities: septal."], set(), {"STD"}),
        (["UNIpolar ventricular pacing."], set(), {"LBBB", "STD", "STE"}),
    ],
)
def test_ludb_remarks(remarks, present, masked):
    assert words(ludb.targets(remarks)) == (present, masked)


def test_cpsc_class_is_the_only_statement(tmp_path):
    (tmp_path / "REFERENCE.csv").write_text("record,label\nA1,I-AVB\nA2,Normal\n")
    found = cpsc2018.annotate(tmp_path, ["A2", "A1"])
    assert [words(a.targets) for a in found] == [({"SNR"}, set()), ({"IAVB"}, set())]
    assert found[0].age_years is None


def test_cpsc_unknown_class_is_refused(tmp_path):
    (tmp_path / "REFERENCE.csv").write_text("record,label\nA1,VT\n")
    with pytest.raises(DatasetError, match="'VT' is unknown"):
        cpsc2018.annotate(tmp_path, ["A1"])


def test_cinc2017_classes(tmp_path):
    (tmp_path / "REFERENCE-v3.csv").write_text("A00/1,N,0\nA00/2,A,0\nA00/3,O,0\nA00/4,~,0\n")
    found = cinc2017.annotate(tmp_path, [f"A00/{i}" for i in range(1, 5)])
    rest = set(CORE_CODES) - {"SNR", "AF"}
    assert [words(a.targets) for a in found] == [
        ({"SNR"}, rest),
        ({"AF"}, rest),
        (set(), rest | {"SNR"}),
        (set(), set(CORE_CODES)),
    ]
    assert found[2].targets[CORE_CODES.index("AF")] == 0


def test_cinc2017_row_without_class_is_refused(tmp_path):
    (tmp_path / "REFERENCE-v3.csv").write_text("A00/1,X,0\n")
    with pytest.raises(DatasetError, match="has no class"):
        cinc2017.annotate(tmp_path, [])


def test_a_record_without_label_is_named(tmp_path):
    (tmp_path / "REFERENCE.csv").write_text("record,label\nA1,AF\n")
    with pytest.raises(DatasetError, match=r"'A9'.*REFERENCE\.csv"):
        cpsc2018.annotate(tmp_path, ["A9"])


def test_ptbxl_table(tmp_path):
    (tmp_path / "ptbxl_database.csv").write_text(
        "ecg_id,age,sex,scp_codes,filename_lr,filename_hr\n"
        "1,300.0,1,\"{'NORM': 100.0, 'SR': 0.0}\",r100/1,r500/1\n"
        "2,,0,\"{'AFIB': 0.0}\",r100/2,r500/2\n"
    )
    one, two = ptbxl.annotate(tmp_path, ["r500/1", "r100/2"])
    assert (one.age_years, one.sex, words(one.targets)[0]) == (90.0, "female", {"SNR"})
    assert (two.age_years, two.sex, words(two.targets)[0]) == (None, "male", {"AF"})


def test_ptbxl_codes_are_data_not_code(tmp_path):
    (tmp_path / "ptbxl_database.csv").write_text(
        "ecg_id,age,sex,scp_codes,filename_lr,filename_hr\n7,50,1,__import__('os'),a,b\n"
    )
    with pytest.raises(DatasetError, match="ecg_id 7"):
        ptbxl.annotate(tmp_path, ["a"])


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / "statements.csv").write_text("record,age,sex\n")
    with pytest.raises(DatasetError, match="no column 'scp_codes'"):
        ptbxl.annotate_extra(tmp_path, [])


def test_a_missing_label_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"statements\.csv cannot be read"):
        ptbxl.annotate_extra(tmp_path, [])


def test_challenge_header(tmp_path):
    (tmp_path / "cpsc_2018").mkdir()
    (tmp_path / "cpsc_2018" / "A1.hea").write_text(
        "A1 12 500 5000\nA1.dat 16 1000/mV 16 0 0 0 0 I\n# Age: 74\n#Sex: Male\n# Dx: AF,PVC\n"
    )
    (found,) = challenge2021.annotate(tmp_path, ["cpsc_2018/A1"])
    assert (found.age_years, found.sex) == (74, "male")
    assert words(found.targets)[0] == {"AF", "PVC"}
    with pytest.raises(DatasetError, match=r"A2\.hea"):
        challenge2021.annotate(tmp_path, ["cpsc_2018/A2"])


def test_ludb_header(tmp_path):
    (tmp_path / "7.hea").write_text(
        "7 12 500 5000\n#\n# <age>: 50\n# <sex>: F\n# <diagnoses>:\n"
        "# Rhythm: Sinus rhythm.\n# Electric axis of the heart: normal.\n"
    )
    (found,) = ludb.annotate(tmp_path, ["7"])
    assert (found.age_years, found.sex, words(found.targets)[0]) == (50, "female", {"SNR"})


def test_present_beats_masked():
    assert words(core_targets({"AF"}, {"AF", "STD"})) == ({"AF"}, {"STD"})


@pytest.mark.parametrize(
    ("text", "age"),
    [("300", 90), ("89", 89), ("", None), ("NaN", None), ("-1", None), ("131", None)],
)
def test_ages(text, age):
    assert age_or_none(text) == age
