"""What is taken to be so until the agency's own days say otherwise: fitted parameters, as data, with their source.

Turnout and time on scene: mccright/emerg-call-data-review (MIT licence), 22,829 responses of rural fire and rescue
units, 2010-01-01 to 2020-12-31, of which 22,443 are clean; fitted by `python -m loadtests.fit_ross_valley --ship`,
which a test holds against this file. Time at hospital: JEMSS.jl `data/cities/auckland` (Apache-2.0), an exponential
handover of 12 min; the ride there is the sheets' median from en route to arrival, 472 s.
"""

from engine.model.clearing import ClearTable, Group, ServiceTimes

# fmt: off
TURNOUT_PROFILE = (1_333, 1_410, 1_115, 929, 923, 904, 875, 1_096)
"""Median turnout by part of the day (from 00:00 in steps of three hours), in permille of the median of all.

Only the shape of the day is used: these crews sleep at home, and their level, 156 s, is nobody else's. 19,376 rows."""
TURNOUT_SHAPE = (87, 10, 16, 18, 20, 27, 31, 37, 40, 36, 34, 34, 31, 27, 28, 25, 30, 34, 37, 46, 44, 44, 45, 45, 42,
                 41, 31, 26, 18, 12, 4, 0)
"""Permille of turnouts in bins of a tenth of ln(turnout / median of its part of the day); the middle is 0."""
OTHER = (
    ClearTable(
        (0, 243_663, 363_218, 588_998, 834_642, 1_124_228, 1_485_109, 1_961_834, 2_642_507, 3_744_573,
         6_072_239, 9_051_619, 14_186_068, 19_140_511, 25_177_507),
        (2_716_176, 2_606_786, 2_628_661, 2_717_401, 2_842_800, 3_003_657, 3_208_901, 3_477_891, 3_850_683,
         4_424_317, 5_539_844, 6_839_675, 8_875_944, 10_687_209, 12_760_691),
        14_211,
    ),
)
"""Time on scene of what is neither fire nor medical: mutual aid, lift assists, stand-bys. Log-normal, 1,027 rows."""
MEDICAL = (
    ClearTable(
        (0, 505_562, 751_987, 1_158_533, 1_536_404, 1_921_807, 2_338_013, 2_811_457, 3_384_523, 4_146_563,
         5_374_129, 6_543_763, 8_035_104, 9_134_948, 10_217_026),
        (2_776_101, 2_399_347, 2_279_115, 2_131_427, 2_030_987, 1_952_236, 1_885_565, 1_825_871, 1_769_546,
         1_712_814, 1_648_455, 1_605_760, 1_566_765, 1_545_117, 1_527_832),
        14_572,
    ),
    ClearTable(
        (0, 763_714, 1_024_252, 1_419_376, 1_763_942, 2_101_065, 2_453_686, 2_844_159, 3_305_467, 3_904_637,
         4_845_576, 5_722_514, 6_821_216, 7_621_034, 8_401_141),
        (2_745_195, 2_096_988, 1_945_335, 1_767_738, 1_650_833, 1_560_827, 1_485_540, 1_418_707, 1_356_039,
         1_293_195, 1_222_075, 1_174_886, 1_131_688, 1_107_630, 1_088_366),
        14_654,
    ),
    ClearTable(
        (0, 344_617, 567_829, 955_694, 1_323_213, 1_697_682, 2_098_053, 2_546_277, 3_077_330, 3_763_812,
         4_825_435, 5_791_946, 6_969_959, 7_805_114, 8_602_485),
        (2_455_151, 2_229_116, 2_123_373, 1_976_247, 1_864_756, 1_770_104, 1_684_311, 1_602_421, 1_520_005,
         1_430_936, 1_320_625, 1_240_416, 1_160_679, 1_113_030, 1_072_861),
        14_418,
    ),
    ClearTable(
        (0, 653_496, 957_220, 1_425_042, 1_827_409, 2_210_837, 2_599_228, 3_013_813, 3_483_345, 4_062_936,
         4_912_671, 5_648_328, 6_506_934, 7_094_837, 7_642_426),
        (2_801_930, 2_273_549, 2_087_301, 1_850_027, 1_682_796, 1_547_806, 1_430_389, 1_322_374, 1_217_453,
         1_108_168, 978_570, 888_271, 801_781, 751_664, 710_337),
        14_670,
    ),
)
"""Echo and delta calls 6,676 rows, charlie 2,660 (gamma), bravo 3,094, alpha 2,260 (Weibull)."""
FIRE = (
    ClearTable(
        (0, 499_500, 940_773, 1_820_211, 2_749_583, 3_771_117, 4_932_318, 6_304_551, 8_015_840, 10_347_073,
         14_178_074, 17_870_376, 22_597_849, 26_084_056, 29_507_356),
        (6_501_423, 6_330_225, 6_228_310, 6_072_708, 5_945_337, 5_831_139, 5_722_862, 5_615_230, 5_502_565,
         5_375_696, 5_210_746, 5_084_934, 4_954_508, 4_873_810, 4_804_054),
        15_216,
    ),
    ClearTable(
        (0, 266_700, 400_950, 656_906, 937_800, 1_271_208, 1_689_246, 2_244_757, 3_042_814, 4_343_928,
         7_116_984, 10_699_471, 16_929_723, 22_988_425, 30_415_963),
        (3_170_798, 3_061_544, 3_093_578, 3_208_404, 3_366_257, 3_567_030, 3_822_351, 4_156_648, 4_620_197,
         5_334_851, 6_730_115, 8_364_416, 10_940_017, 13_243_929, 15_893_630),
        14_340,
    ),
    ClearTable(
        (0, 249_897, 369_519, 593_393, 834_969, 1_117_921, 1_468_496, 1_929_010, 2_582_708, 3_634_154,
         5_835_912, 8_629_464, 13_402_247, 17_973_852, 23_512_308),
        (2_621_720, 2_500_842, 2_516_758, 2_593_513, 2_705_545, 2_850_671, 3_036_579, 3_280_568, 3_618_646,
         4_138_042, 5_144_514, 6_311_626, 8_129_792, 9_738_533, 11_572_147),
        14_200,
    ),
)
"""Working fires 663 rows (Weibull), alarm class B 187, all others 3,791 (log-normal)."""
# fmt: on
HOSPITAL = ClearTable((0,), (720_000,), 12_910)
"""From arrival at hospital to clear: exponential, so the mean rest does not depend on the time gone."""
TRANSPORT = ClearTable((0, 472_000), (1_192_000, 720_000), 13_849)
"""From leaving the scene to clear: the ride, then the handover."""

SERVICE_TIMES = ServiceTimes(
    ((Group.MEDICAL, MEDICAL), (Group.FIRE, FIRE), (Group.OTHER, OTHER)), TRANSPORT, HOSPITAL, {}
)
"""Of no type of incident in particular: `engine/learning/service_times.py` names those of a place."""
