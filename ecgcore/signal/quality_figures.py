"""Made by ecgcore.training.fits.quality from readers' verdicts on training records."""

# With or without millivolts -> figure -> its centre, and what one unit adds to the log
# odds that a lead is unreadable.
WEIGHTS = {
    "mv": {
        "size_relative": (-0.7467, -0.09849),
        "weakest_relative": (-1.258, -0.1304),
        "drift_relative": (-3.871, 0.08467),
        "jump_relative": (-4.038, 0.12),
        "noise_relative": (-7.927, 0.06341),
        "worst_noise_relative": (-7.629, 0.1759),
        "mains_relative": (-3.608, 1.405),
        "peakiness": (4.065, -0.05867),
        "kurtosis": (2.08, -0.1215),
        "rail": (0.001882, 0.4911),
        "still": (0.1118, 1.168),
        "likeness": (0.851, -3.056),
        "residue_relative": (-5.397, 0.3981),
        "beat_energy": (3.08, -0.2403),
        "qrs_mv": (-1.415, -0.1356),
        "weakest_mv": (-1.605, -0.1617),
        "extreme_mv": (-1.023, 0.0721),
        "drift_mv": (-4.253, 0.0638),
        "jump_mv": (-4.42, 0.1057),
        "noise_mv": (-8.266, 0.07008),
        "worst_noise_mv": (-7.996, 0.2386),
        "mains_mv": (-4.277, 1.095),
        "residue_mv": (-6.64, 0.2586),
    },
    "relative": {
        "size_relative": (-0.7467, -0.1223),
        "weakest_relative": (-1.258, -0.1996),
        "drift_relative": (-3.871, 0.1584),
        "jump_relative": (-4.038, 0.2042),
        "noise_relative": (-7.927, 0.06959),
        "worst_noise_relative": (-7.629, 0.2517),
        "mains_relative": (-3.608, 2.253),
        "peakiness": (4.065, -0.01777),
        "kurtosis": (2.08, -0.1093),
        "rail": (0.001882, 0.9705),
        "still": (0.1118, 1.242),
        "likeness": (0.851, -3.455),
        "residue_relative": (-5.397, 0.5122),
        "beat_energy": (3.08, -0.2384),
    },
}
INTERCEPT = {"mv": -3.2, "relative": -2.79}
# Log odds from which a lead is called unreadable.
CUT = {"mv": 1.1, "relative": 0.4}
