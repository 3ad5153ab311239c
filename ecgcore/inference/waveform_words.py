"""What the variants, sets and maps of the waveform networks' figures are, in words."""

VARIANT_WORDS = {
    "body": "network of several tasks, {name}",
    "none": "no module",
    "random": "random gain",
    "hard": "the rule, coded by hand",
    "free": "learned, without anchor",
    "anchor": "learned, held to the rule",
    "focus": "learned, held to the disease's beats (our own)",
}
SET_WORDS = {
    "twelve": "twelve leads",
    "single": "lead I, CPSC 2018",
    "beats": "MIT-BIH DS2, 10 s windows",
    "beats_without_232": "MIT-BIH DS2 without record 232",
}
MAP_WORDS = {
    "gradcam": "Grad-CAM, classifier without module",
    "hirescam": "HiResCAM, classifier without module",
    "own_gradcam_anchor": "Grad-CAM, the held network's own classifier",
    "own_gradcam_free": "Grad-CAM, the free network's own classifier",
    "own_gradcam_focus": "Grad-CAM, the focused network's own classifier",
    "rule": "the rule's curve",
    "curve_free": "learned curve, without anchor",
    "curve_anchor": "learned curve, held to the rule",
    "curve_focus": "learned curve, held to the disease's beats (our own)",
    "rise_anchor": "where the held curve rises above the rule",
    "rise_free": "where the free curve rises above the rule",
}
