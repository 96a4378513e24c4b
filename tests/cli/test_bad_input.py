"""Bad input, of every kind: exit code 2, one line of four parts, and nothing printed or written."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import freerun as fr
from tests.cli.bad_files import RUNS, SMALL, cases, make_runs, sales, write_files
from tests.cli.command_line import CommandLine, Ended, in_a_process

FOUR_PARTS = re.compile(r"freerun: .*\S, got .*\S\. \S.+[.?]")
"""The object: what was expected, got what. The fix."""

PYTHON = re.compile(
    r"\b(window|horizon|missing|target|known|series|time|task|delimiter|encoding|schema)="
    r"|Sequences:|Traceback|FREERUN_TRACEBACK|\bfail\b|drop_last|exposure_gap"
)
"""Words of the library, which were not typed."""

FORECAST = "train forecast {} --target units --known price,kind"
CLASSIFY = "train classify {} --target kind"
RUN = "run forecast --steps 3"

TRAIN: list[tuple[str, str]] = [
    # Files
    (FORECAST.format("sale.csv"), "got nothing there. Did you mean sales.csv?"),
    (FORECAST.format("folder"), "a directory of files, got none that can be read"),
    (FORECAST.format("empty.csv"), "must hold something, got an empty one"),
    (FORECAST.format("header.csv"), "must have rows, got a header and no rows"),
    (FORECAST.format("semicolon.csv --delimiter ,"), "Pass --delimiter ;."),
    (FORECAST.format("sales.csv --delimiter ::"), "--delimiter must be one character"),
    (FORECAST.format("binary.csv"), "a text file, got bytes that are no text"),
    (FORECAST.format("broken.parquet"), "a whole Parquet file"),
    (FORECAST.format("latin.csv"), "text must be utf-8, got byte 0xf6 at place 6. Pass --encoding"),
    (FORECAST.format("late.csv"), "text must be utf-8, got other bytes further down"),
    (FORECAST.format("sales.csv --encoding utf-16"), "text must be utf-16"),
    (FORECAST.format("sales.csv --encoding utf-99"), "got 'utf-99'. Pass --encoding utf-8, say."),
    (FORECAST.format("wide_row.csv"), "rows must fit the header"),
    (FORECAST.format("twice.csv"), "names of their own, got two 'price'"),
    (FORECAST.format("book.txt"), "columns are named in tables"),
    # Columns
    ("train forecast sales.csv --target unit", "--target must be one of 'day'"),
    ("train forecast sales.csv --target unit", "Did you mean 'units'?"),
    ("train forecast sales.csv --target units --known pric", "Did you mean 'price'?"),
    ("train forecast sales.csv --target units --time dya", "Did you mean 'day'?"),
    ("train forecast sales.csv --target units --series shp", "Did you mean 'shop'?"),
    ("train forecast sales.csv --target units --observed pric", "Did you mean 'price'?"),
    ("train forecast sales.csv --target units --known units", "must have one role"),
    ("train forecast sales.csv --target units,", "got ''"),
    ("train forecast sales.csv", "Pass --target with the name of one."),
    # Values
    (FORECAST.format("word.csv"), "'units' must be of numbers, got 'many' in row 8"),
    (FORECAST.format("word_input.csv"), "'price' must be of numbers, got 'dear' in row 8"),
    (FORECAST.format("comma_input.csv"), "'price' must be of numbers, got '8,5' in row 8"),
    (FORECAST.format("gap.csv"), "Pass --missing mask or interpolate, or fill the gaps."),
    (FORECAST.format("nan.csv"), "got nothing in row 8 of series 'a' and 1 more"),
    (FORECAST.format("gap_input.csv"), "'price' must have a value in every row"),
    (FORECAST.format("infinite.csv"), "'units' must be finite, got inf in row 8"),
    (FORECAST.format("infinite_input.csv"), "'price' must be finite, got -inf in row 8"),
    (FORECAST.format("huge.csv"), "'units' must be within 3e+38, got 1e+300 in row 8"),
    (FORECAST.format("nothing.csv --missing mask"), "got nothing in any row"),
    (FORECAST.format("nothing.csv --missing interpolate"), "must have a value to go by"),
    (FORECAST.format("constant.csv"), "'units' must vary, got 5 in every row"),
    (FORECAST.format("constant_input.csv"), "'price' must vary, got 5 in every row"),
    (FORECAST.format("constant_kind.csv"), "'kind' must vary"),
    # Rows
    (FORECAST.format("one_row.csv"), "got a series of 1 steps"),
    (FORECAST.format("few_rows.csv"), "a series must have 8 steps or more, got 7"),
    (FORECAST.format("no_time.csv"), "must have a time in every row, got nothing in row 8"),
    (FORECAST.format("missing_day.csv"), "or pass --missing interpolate or mask to fill them in."),
    (FORECAST.format("double.csv"), "pass --series with their column."),
    (FORECAST.format("irregular.csv"), "Bring the table to equal steps first."),
    # Sizes
    (FORECAST.format("sales.csv --window 33"), "--window must be at most 32"),
    (FORECAST.format("sales.csv --window 0"), "--window must be a whole number of 1 or more"),
    (FORECAST.format("sales.csv --horizon 0"), "--horizon must be a whole number of 1 or more"),
    (FORECAST.format("sales.csv --horizon -2"), "--horizon must be a whole number of 1 or more"),
    (FORECAST.format("sales.csv --horizon 9"), "freerun: --horizon must be at most 8"),
    (FORECAST.format("sales.csv --output-lags 60"), "--output-lags must be at most 39"),
    (FORECAST.format("sales.csv --input-lags 60"), "--input-lags must be at most 39"),
    (FORECAST.format("sales.csv --input-lags -1"), "--input-lags must be a whole number of 0"),
    (FORECAST.format("sales.csv --batch-size -1"), "--batch-size must be a whole number of 1"),
    (FORECAST.format("sales.csv --layers 0"), "--layers must be a whole number of 1"),
    (FORECAST.format("sales.csv --test 1"), "--test must be a number from 0 to below 1"),
    (FORECAST.format("sales.csv --test 0.999"), "must leave a part to train on"),
    (FORECAST.format("sales.csv --validate 0.99"), "--validate must leave a part on either side"),
    (
        FORECAST.format("sales.csv --validate 0.01 --horizon 8"),
        "--validate must hold back 8 steps or more",
    ),
    (FORECAST.format("sales.csv --patience 3"), "--patience needs a part to measure on"),
    (FORECAST.format("sales.csv --recurrence hidden"), "forecasts run on their own outputs"),
    (FORECAST.format("sales.csv --head Poisson"), "whole numbers of 0 or more, for --head"),
    ("train label labels.csv --target kind --forcing FreeRunning", "Use --recurrence both"),
    (
        FORECAST.format("sales.csv --forcing FreeRuning"),
        "--forcing must be one of 'TeacherForcing', 'FreeRunning', 'ScheduledSampling', ",
    ),
    (FORECAST.format("sales.csv --forcing Techer-Forcing"), "Did you mean 'TeacherForcing'?"),
    (FORECAST.format("sales.csv --forcing FreeRunning:20"), "an argument must be ARG=VALUE"),
    (FORECAST.format("sales.csv --forcing FreeRunning:warmup=(1"), "arguments must be ARG=VALUE"),
    (FORECAST.format("sales.csv --forcing TeacherForcing:3,4"), "has no arguments, got '3, 4'"),
    (
        FORECAST.format("sales.csv --forcing GeneralizedTeacherForcing:alpha=2"),
        "alpha must be a finite number from 0 to 1, got 2. Pass alpha=0.5, say.",
    ),
    (FORECAST.format("sales.csv --forcing SparseTeacherForcing:every=0"), "every must be a whole"),
    (FORECAST.format("sales.csv --forcing SparseTeacherForcing:every=1"), "--output-lags"),
    (
        FORECAST.format("sales.csv --forcing ScheduledSampling:schedule=cubic"),
        "ScheduledSampling: schedule must be one of 'constant', 'linear', 'exponential', ",
    ),
    (
        FORECAST.format("sales.csv --forcing SparseTeacherForcing:every=__import__('os')"),
        "--forcing must be one of 'TeacherForcing'",
    ),
    (
        FORECAST.format("sales.csv --forcing FreeRunning:warmup=open('new','w').name"),
        "--forcing: a value must be a number, a word, or a list, got ",
    ),
    (
        FORECAST.format(
            "sales.csv --forcing Curriculum:policies=[TeacherForcing,FreeRunning],at=[2]"
        ),
        "at=[2] must give every policy a batch, got none for FreeRunning in 2 epochs",
    ),
    ("train text book.txt --forcing NoisyTeacherForcing:scale=3", "scale must be a finite number"),
    ("train text book.txt --window 5000", "--window must be at most 1377"),
    ("train text book.txt --validate 0.999", "--validate must leave"),
    # Classes and numbers
    (CLASSIFY.format("case.csv"), "Did you mean cases.csv?"),
    (CLASSIFY.format("one_class.csv"), "'kind' must have two classes or more"),
    (CLASSIFY.format("one_case.csv"), "got one series. Give it more"),
    (CLASSIFY.format("two_in_a_case.csv"), "Use `freerun train label` or `forecast` if every step"),
    (CLASSIFY.format("no_class.csv"), "Write it in every row, or leave the series out."),
    (CLASSIFY.format("no_class.csv --missing mask"), "got nothing in all rows from row 19"),
    (CLASSIFY.format("constant_channel.csv"), "'b' must vary, got 5 in every row"),
    (CLASSIFY.format("infinite_channel.csv"), "'b' must be finite, got inf in row 13"),
    (CLASSIFY.format("no_inputs.csv"), "must have inputs, got none"),
    (CLASSIFY.format("cases.csv --test 0.01"), "must leave a part to train on"),
    ("train classify half.csv --target yield", "Use `freerun train forecast` or `regress`"),
    ("train label no_inputs.csv --target kind", "Use --recurrence output."),
    ("train regress cases.csv --target kind", "'kind' must be of numbers, got 'u' in row 1"),
    ("train regress constant_yield.csv --target yield", "'yield' must vary, got 3"),
    ("train regress infinite_yield.csv --target yield", "'yield' must be finite, got inf"),
    # Files of other kinds
    ("train classify ragged.ts", "must have the same number of steps, got 2 and 3"),
    ("train classify channels.ts", "must have 2 channels, as the first case has, got 1"),
    ("train classify class.ts", "classes must be among 'u', 'v', got 'w' in line 15"),
    ("train classify missing.ts", "got '?' in channel 1 of line 15"),
    ("train classify infinite.ts", "infinite.ts: x must be finite, got inf"),
    ("train classify unlabelled.ts", "every case must have a label"),
    ("train classify no_cases.ts", "must have cases after @data, got no case"),
    ("train classify no_y.npz", "must hold y, got x"),
    ("train classify ragged.npz", "x and y must be of the same series, got 12 and 7"),
    ("train label ragged_steps.npz", "must have the same number of steps, got 6 and 5"),
    ("train classify objects.npz", "without objects"),
    ("train classify lengths.npz", "lengths must be (series,)"),
    ("train classify nan.npz", "nan.npz: x must be finite, got nan"),
    ("train classify infinite.npz", "infinite.npz: x must be finite, got inf"),
    ("train classify one_class.npz", "'y' must have two classes or more"),
    ("train classify constant.npz", "'x1' must vary, got 0"),
    ("train classify negative.npz", "classes must be 0 or more, got -1"),
    ("train classify words.npz", "y must be numbers, got an array of <U1"),
    ("train classify axes.npz", "x must have one to three axes, none of them empty"),
    ("train classify nothing.npz", "none of them empty, got an array of (0, 6, 2)"),
    ("train classify no_channel.npz", "none of them empty, got an array of (12, 6, 0)"),
    ("train classify junk.npz", "a file that NumPy wrote, without objects, got other bytes"),
    ("train classify cut.npz", "a file that NumPy wrote"),
    ("train forecast nan_y.npz", "nan_y.npz: y must be finite, got nan"),
    ("train forecast constant_y.npz", "'y1' must vary, got 1"),
    # Data of another task
    ("train forecast book.txt", "data to forecast, got data to text. Use `freerun train text`."),
    ("train classify book.txt", "data to classify, got data to text"),
    ("train forecast cases.ts", "Use `freerun train classify`."),
    ("train label cases.npz", "Use `freerun train classify`."),
    ("train text folder", "a text must be a file, got a directory"),
    ("train text sunspots", "sunspots is for `freerun train forecast`."),
    # Text
    ("train text boook.txt", "Did you mean book.txt?"),
    ("train text empty.txt", "must have two units or more, got 0 characters"),
    ("train text short.txt", "must have 8 steps or more, got 4"),
    ("train text same.txt", "must have two classes or more"),
    ("train text latin.txt", "text must be utf-8, got byte 0xf6 at place 2"),
    ("train text book.txt --unit letters", "--unit must be one of 'characters'"),
    # Settings
    (FORECAST.format("sales.csv --config no.toml"), "a file of settings, got no such file"),
    (FORECAST.format("sales.csv --config folder"), "a file of settings, got is a directory"),
    (FORECAST.format("sales.csv --config broken.toml"), "settings in TOML, got"),
    (FORECAST.format("sales.csv --config latin.toml"), "settings in TOML, got"),
    (FORECAST.format("sales.csv --config unknown.toml"), "Did you mean hidden-size?"),
    (CLASSIFY.format("cases.csv --config other_task.toml"), "must be options of this command"),
    ("train forecast sales.csv --config number.toml", "--hidden-size must be a whole number"),
    ("train forecast sales.csv --config word.toml", "--hidden-size must be a whole number"),
    ("train forecast sales.csv --config truth.toml", "hidden-size must be a number or a word"),
    ("train forecast sales.csv --config list.toml", "hidden-size must be one value, got [4]"),
    ("train forecast sales.csv --config no_truth.toml", "residual must be true or false"),
    ("train forecast sales.csv --config table.toml", "got network"),
    ("train forecast sales.csv --config twice.toml", "must be there once"),
    ("train forecast sales.csv --target units --config column.toml", "Did you mean 'price'?"),
    ("train forecast sales.csv --config numbers.toml", "must be names of columns in quotes"),
]

PLACES: list[tuple[str, str]] = [
    (FORECAST.format("sales.csv --out sales.csv"), "--out must be a new directory"),
    (FORECAST.format("sales.csv --out sales.csv --overwrite"), "--out must be a run directory"),
    (FORECAST.format("sales.csv --out sales.csv/new"), "a place that can be written"),
    (FORECAST.format("sales.csv --out forecast"), "Pass --resume to go on with it"),
    (FORECAST.format(f"sales.csv --out {'x' * 300}"), "got file name too long"),
    (
        "train forecast sales.csv --target units --output-lags 8 --window 16 --horizon 8 "
        "--out forecast --resume",
        "--known must be price,kind, as the run has it, got none",
    ),
    (FORECAST.format("sales.csv --missing mask --out forecast --resume"), "--missing must be"),
    (FORECAST.format("sales.csv --test 0.1 --out forecast --resume"), "--test must be 0.2"),
    (FORECAST.format("sales.csv --seed 1 --out forecast --resume"), "--seed must be 0"),
    ("train text book.txt --unit words --out text --resume", "--unit must be characters"),
    (CLASSIFY.format("cases.csv --out forecast --resume"), "the task must be forecast"),
    (f"{RUN} --inputs ahead.csv --out out.txt", "--out must end with .csv, .tsv, .parquet"),
    (f"{RUN} --inputs ahead.csv --out out", "Use --out out.csv, say."),
    (f"{RUN} --inputs ahead.csv --out folder.csv", "--out must be a file, got the directory"),
    (f"{RUN} --inputs ahead.csv --out nowhere/out.csv", "a place that can be written"),
    (f"{RUN} --inputs ahead.csv --out sales.csv/out.csv", "a place that can be written"),
    (f"{RUN} --inputs ahead.csv --out ahead.csv", "--out must be a file of its own"),
    (f"{RUN} --inputs ahead.csv --out {'x' * 300}.csv", "got one too long"),
    ("run text --steps 3 --out folder", "--out must be a file, got the directory"),
]

POLICIES = "--quiet --forcing TeacherForcing --forcing FreeRunning"
COMPARE_SALES = f"compare sales.csv --target units --known price,kind {POLICIES}"

COMPARE: list[tuple[str, str]] = [
    ("compare sales.csv --target units", "--forcing must be given, once for each policy, got none"),
    (f"{COMPARE_SALES} --forcing teacher-forcing", "each policy once, got TeacherForcing twice"),
    (f"{COMPARE_SALES} --forcing FreeRunning:warmup=0", "got FreeRunning twice"),
    (f"{COMPARE_SALES} --forcing TeacherForcin", "Did you mean 'TeacherForcing'?"),
    (f"{COMPARE_SALES} --forcing FreeRunning:wamup=3", "Did you mean 'warmup'?"),
    (f"{COMPARE_SALES} --forcing FreeRunning:warmup=40", "--forcing: warmup must be below"),
    (f"{COMPARE_SALES} --seeds 0", "--seeds must be a whole number of 1 or more"),
    (f"{COMPARE_SALES} --seeds many", "--seeds must be a whole number of 1 or more"),
    (f"{COMPARE_SALES} --workers 0", "--workers must be a whole number of 1 or more"),
    (f"{COMPARE_SALES} --epochs 0", "--epochs must be a whole number of 1 or more"),
    (f"{COMPARE_SALES} --recurrence hidden", "forecasts run on their own outputs"),
    (f"{COMPARE_SALES} --recurrence hiden", "Did you mean 'hidden'?"),
    (f"{COMPARE_SALES} --test 0", "--test must be above 0, for policies are measured"),
    (f"{COMPARE_SALES} --horizon 9", "freerun: --horizon must be at most 8"),
    (f"{COMPARE_SALES} --window 33", "--window must be at most 32"),
    (f"{COMPARE_SALES} --head Poisson", "whole numbers of 0 or more, for --head"),
    (f"compare sale.csv --target units {POLICIES}", "Did you mean sales.csv?"),
    (f"compare sales.csv --target unit {POLICIES}", "Did you mean 'units'?"),
    (f"compare gap.csv --target units {POLICIES}", "Pass --missing mask or interpolate"),
    (f"compare constant.csv --target units {POLICIES}", "'units' must vary, got 5 in every row"),
    (f"compare few_rows.csv --target units {POLICIES}", "must have 8 steps or more, got 7"),
    (f"compare book.txt {POLICIES}", "data to forecast, got data to text"),
    (f"compare moby_dick {POLICIES}", "moby_dick is for `freerun train text`."),
    (f"{COMPARE_SALES} --overwrite", "--overwrite needs an --out, got none"),
    (f"{COMPARE_SALES} --out sales.csv", "--out must be a new directory, got sales.csv"),
    (f"{COMPARE_SALES} --out folder", "--out must be a new directory, got folder"),
    (f"{COMPARE_SALES} --out folder --overwrite", "--out must be a comparison, got folder"),
    (f"{COMPARE_SALES} --out forecast --overwrite", "nothing but a comparison is replaced"),
    (f"{COMPARE_SALES} --out sales.csv/new", "a place that can be written"),
    (f"{COMPARE_SALES} --out {'x' * 300}", "got file name too long"),
    (f"{COMPARE_SALES} --recurrence hidden --out far/away", "--recurrence must be output or both"),
]

DRAW: list[tuple[str, str]] = [
    ("draw forcng", "RUN must be a run directory, got forcng, where nothing is"),
    ("draw forcast", "Did you mean forecast?"),
    ("draw sales.csv", "RUN must be a run directory, got sales.csv, a file"),
    ("draw folder", "a directory without config.json"),
    ("draw forecast FreeRunning", "a policy is drawn after the word forcing, got 'forecast'"),
    ("draw forecast --layers 2", "--layers describes a network without a run, got forecast"),
    ("draw classify --forcing FreeRunning", "forcing feeds the output edge, got --recurrence hid"),
    ("draw --recurrence hiden", "Did you mean 'hidden'?"),
    ("draw --cell grue", "Did you mean 'gru'?"),
    ("draw --recurrence output --readout last", "got --recurrence output with --readout last"),
    ("draw --recurrence both --bidirectional", "with --bidirectional. Use --recurrence hidden"),
    ("draw --residual", "residual adds what was fed back, got --recurrence hidden"),
    ("draw --output-lags 2", "--output-lags counts what is fed back"),
    ("draw --input-size 0", "Use --recurrence output or both"),
    ("draw --steps 13", "--steps must be at most 12 for a network, got 13"),
    ("draw --layers 0", "--layers must be a whole number of 1 or more"),
    ("draw --k2 3", "--k2 needs a --k1, got none"),
    ("draw --k1 3 --k2 2", "--k2 must be --k1 3 or more"),
    ("draw --bidirectional --k1 2", "cuts are of one direction"),
    ("draw --progress 0.5", "--progress needs a --forcing"),
    ("draw --recurrence both --forcing FreeRuning", "Did you mean 'FreeRunning'?"),
    ("draw --recurrence output --output-lags 3 --forcing SparseTeacherForcing:every=2", "all lags"),
    ("draw --out graph.pdf", "--out must end in .svg or .png, got graph.pdf"),
    ("draw --out there.svg", "--out must be a new file, got there.svg"),
    ("draw forcing FreeRunning --recurrence both", "--recurrence is for a network"),
    ("draw forcing FreeRunning --shapes", "--shapes is for a network, got a policy to draw"),
    ("draw forcing", "the policy to draw must be named, got none"),
    ("draw forcing TeacherForcin", "Did you mean 'TeacherForcing'?"),
    ("draw forcing FreeRunning:wamup=3", "Did you mean 'warmup'?"),
    ("draw forcing FreeRunning --epochs 0", "--epochs must be a whole number of 1 or more"),
    ("draw forcing FreeRunning --steps none", "--steps must be a whole number of 1 or more"),
    ("draw forcing FreeRunning --out sales.csv", "--out must end in .svg or .png, got sales.csv"),
    ("draw forcing FreeRunning --out far/away.svg", "a place that can be written"),
    ("draw forcing FreeRunning --out sales.csv/a.svg", "a place that can be written"),
    ("draw forcing FreeRunning --out there.svg", "--out must be a new file, got there.svg"),
    ("draw forcing FreeRunning --overwrite --out is.svg", "--out must be a file, got is.svg, a d"),
    (
        "draw forcing Curriculum:policies=[TeacherForcing,FreeRunning],at=[60]",
        "in 50 epochs",
    ),
]

EVALUATE: list[tuple[str, str]] = [
    ("evaluate forcast", "Did you mean forecast?"),
    ("evaluate forecast latr.csv", "Did you mean later.csv?"),
    ("evaluate forecast folder", "a directory of files, got none that can be read"),
    ("evaluate forecast empty.csv", "must hold something, got an empty one"),
    ("evaluate forecast semicolon.csv --delimiter ,", "Pass --delimiter ;."),
    ("evaluate forecast latin.csv", "text must be utf-8"),
    ("evaluate forecast cases.csv", "must have the column 'day'"),
    ("evaluate forecast no_shop.csv", "must have the column 'shop', got 'day', 'store'"),
    ("evaluate forecast no_units.csv", "must have the column 'units'"),
    ("evaluate forecast no_price.csv", "must have the column 'price'"),
    ("evaluate forecast word_input.csv", "'price' must be of numbers, got 'dear'"),
    ("evaluate forecast new_kind.csv", "must have classes that were seen in training, got 'z'"),
    ("evaluate forecast gap.csv", "got nothing in row 8 of series 'a' and 1 more. Fill the gaps."),
    ("evaluate forecast missing_day.csv", "at row 6 of series 'a' and 1 more. Add the rows."),
    ("evaluate forecast infinite.csv", "'units' must be finite, got inf"),
    ("evaluate forecast numbered.csv", "must go on by 1 day, got numbers"),
    ("evaluate forecast yearly.csv", "must go on by 1 day, got 2001-01-01 after 2000-01-01"),
    ("evaluate forecast two_rows.csv", "must have 9 steps or more to be measured"),
    ("evaluate forecast later.csv --horizon 13", "--horizon must be at most 12"),
    ("evaluate forecast --horizon 9", "--horizon must be at most 8"),
    ("evaluate forecast --horizon 0", "--horizon must be a whole number of 1 or more"),
    ("evaluate forecast book.txt", "data must be a table, as in training, got a text"),
    ("evaluate forecast cases.npz", "data must be a table, as in training, got arrays"),
    ("evaluate forecast sunspots", "data must have the 3 inputs of the run, got 0"),
    ("evaluate everything", "a part of the data held back, got --test 0 in training"),
    ("evaluate aged", "data must be as they were in training, got others"),
    ("evaluate gone", "the data of training must still be there"),
    ("evaluate classify --horizon 3", "--horizon needs a run of forecast"),
    ("evaluate classify unseen.csv", "seen in training, got 'w' in row 13 of series 'c02'"),
    ("evaluate classify two_in_a_case.csv", "must be the same in all rows"),
    ("evaluate classify cases.ts", "data must be a table, as in training, got cases"),
    ("evaluate classify japanese_vowels", "data must have the 2 inputs of the run, got 12"),
    ("evaluate label unseen_label.csv", "seen in training, got 'w' in row 3"),
    ("evaluate regress words_for_yield.csv", "'yield' must be of numbers, got 'u'"),
    ("evaluate text other.txt", "that were seen in training, got '\xdf'"),
    ("evaluate text moby_dick", "its classes must be those of the run"),
    ("evaluate arrays cases.csv", "data must be arrays, as in training, got a table"),
    ("evaluate arrays one_channel.npz", "x must have 2 channels, got 1"),
    ("evaluate arrays unseen.npz", "classes must be among the 2 that were seen"),
    ("evaluate arrays numbers.npz", "y must be classes per sequence, got numbers"),
    ("evaluate series two_outputs.npz", "y must be 1 numbers per step, got 2 numbers"),
    ("evaluate cases one_channel.ts", "a case must have 2 channels, got 1"),
    ("evaluate cases class.ts", "classes must be among 'u', 'v', got 'w'"),
]

GO_ON: list[tuple[str, str]] = [
    (RUN, "--inputs must be given: the run reads inputs, price, kind, that are known ahead"),
    (f"{RUN} --inputs ahed.csv", "Did you mean ahead.csv?"),
    (f"{RUN} --inputs folder", "got none that can be read"),
    (f"{RUN} --inputs empty.csv", "must hold something, got an empty one"),
    (f"{RUN} --inputs ahead.csv --delimiter ;", "Pass --delimiter ,."),
    (f"{RUN} --inputs ahead.csv --encoding nope", "--encoding must be one that Python knows"),
    (f"{RUN} --inputs latin.csv", "Pass --encoding latin-1, say"),
    (f"{RUN} --inputs ahead_short.csv", "must reach over 3 steps for series 'a', got 2"),
    (f"{RUN} --steps 6 --inputs ahead.csv", "must reach over 6 steps for series 'a', got 5"),
    (f"{RUN} --inputs ahead_late.csv", "must go on at 2024-02-10, got 2024-02-12"),
    (f"{RUN} --inputs ahead_early.csv", "must go on at 2024-02-10, got nothing after"),
    (f"{RUN} --inputs ahead_one_shop.csv", "inputs must have the series 'b', got 'a'"),
    (f"{RUN} --inputs ahead_no_price.csv", "inputs must have the column 'price'"),
    (f"{RUN} --inputs ahead_no_day.csv", "inputs must have the column 'day'"),
    (f"{RUN} --inputs ahead_no_shop.csv", "inputs must have the column 'shop'"),
    (f"{RUN} --inputs ahead_gap.csv", "got nothing in row 2 of series 'a' and 1 more. Fill the"),
    (f"{RUN} --inputs ahead_missing_day.csv", "at row 2 of series 'a' and 1 more. Add the rows."),
    (f"{RUN} --inputs ahead_infinite.csv", "'price' must be finite, got inf in row 2"),
    (f"{RUN} --inputs ahead_huge.csv", "'price' must be within 3e+38, got 1e+300 in row 2"),
    (f"{RUN} --inputs ahead_word.csv", "'price' must be of numbers, got 'dear' in row 2"),
    (f"{RUN} --inputs ahead_new_kind.csv", "seen in training, got 'z' in row 2"),
    (f"{RUN} --inputs ahead_numbered.csv", "must go on by 1 day, got numbers"),
    (f"{RUN} --inputs ahead_short.npz", "x must be (2, 3, 3), got (2, 2, 3)"),
    (f"{RUN} --inputs ahead_channels.npz", "x must be (2, 3, 3), got (2, 5, 2)"),
    (f"{RUN} --inputs ahead_words.npz", "x must be numbers"),
    (f"{RUN} --inputs ahead_nan.npz", "inputs must be finite"),
    (f"{RUN} --inputs junk.npz", "a file that NumPy wrote"),
    (f"{RUN} --inputs ahead.csv --data latr.csv", "Did you mean later.csv?"),
    (f"{RUN} --inputs ahead.csv --data later.csv", "must go on at 2024-03-01, got nothing after"),
    (f"{RUN} --inputs ahead.csv --data cases.csv", "must have the column 'day'"),
    (f"{RUN} --inputs ahead.csv --data gap.csv", "Fill the gaps."),
    (f"{RUN} --inputs ahead.csv --data infinite.csv", "'units' must be finite"),
    (f"{RUN} --inputs ahead.csv --data book.txt", "data must be a table, as in training"),
    (f"{RUN} --inputs ahead.csv --data sunspots", "data must have the 3 inputs of the run"),
    (f"{RUN} --inputs ahead.csv --data no_units.csv", "must have the column 'units'"),
    (f"{RUN} --inputs ahead.csv --steps 0", "--steps must be a whole number of 1 or more"),
    (f"{RUN} --inputs ahead.csv --paths -2", "--paths must be a whole number of 1 or more"),
    ("run plain --steps 3 --inputs ahead.csv", "--inputs needs a run with inputs"),
    ("run classify", "RUN must be of forecast or text"),
    ("run text --data book.txt", "--data and --inputs need a run of forecast"),
    ("run text --prompt Q", "characters that the run knows, got 'Q'"),
    ("run text --top-k 0", "--top-k must be a whole number of 1 or more"),
    ("info forcast", "Did you mean forecast?"),
    ("info sales.csv", "RUN must be a run directory, got sales.csv, a file"),
    ("info folder", "a directory without config.json"),
]

EVERY = ("evaluate {}", "run {} --steps 2 --inputs ahead.csv", "info {}")

RUNS_THAT_ARE_BROKEN: list[tuple[str, str]] = [
    (command.format(name), said)
    for name, said, commands in (
        ("no_config", "a directory without config.json", EVERY),
        ("no_weights", "weights.safetensors: whole safetensors, got no such file", EVERY),
        ("cut_weights", "weights.safetensors: whole safetensors", EVERY),
        ("empty_weights", "weights.safetensors: whole safetensors", EVERY),
        ("junk_weights", "weights.safetensors: whole safetensors", EVERY),
        ("no_ends", "a run with ends.safetensors, got none. Finish training", EVERY[1:2]),
        ("cut_ends", "ends.safetensors: whole safetensors", EVERY[1:2]),
        ("junk_ends", "ends.safetensors: whole safetensors", EVERY[1:2]),
        ("no_json", "config.json: a run's configuration, got JSONDecodeError", EVERY),
        ("no_object", "config.json: a run's configuration", EVERY),
        ("binary_config", "config.json: a run's configuration", EVERY),
        ("newer", "a format from 1 to 1, got 99. Install a newer freerun.", EVERY),
        ("no_network", "config.json: a network's description", EVERY),
        ("no_task", "a run that says its task, got one that does not", EVERY),
        ("odd_recipe", "a run that says its task, got one that does not", EVERY),
        ("odd_data", "config.json: what the data were", EVERY),
        ("odd_training", "config.json: what the data were", EVERY),
        ("odd_schema", "config.json: what the data were", EVERY),
        ("odd_test", "config.json: what the data were", EVERY),
        ("odd_reading", "config.json: what the data were", EVERY),
        ("odd_history", "history.jsonl: a row for each epoch", EVERY[2:]),
        ("broken_history", "history.jsonl: one JSON object a line", EVERY[2:]),
    )
    for command in commands
]

CASES = [*TRAIN, *PLACES, *COMPARE, *DRAW, *EVALUATE, *GO_ON, *RUNS_THAT_ARE_BROKEN]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all files and runs; no test writes to it."""
    made = tmp_path_factory.mktemp("bad_input")
    write_files(made)
    before = Path.cwd()
    os.chdir(made)
    try:
        make_runs(made)
    finally:
        os.chdir(before)
    return made


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same as the working directory, in which nothing changes."""
    monkeypatch.chdir(folder)
    before = listing(folder)
    yield folder
    assert listing(folder) == before


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """What there is, how long it is, and when it was written."""
    found = [(path, path.stat()) for path in sorted(folder.rglob("*"))]
    return [(str(path), about.st_size, about.st_mtime_ns) for path, about in found]


def arguments_of(command: str) -> list[str]:
    words = command.split()
    if words[0] != "train":
        return words
    out = [] if "--out" in words else ["--out", "new"]
    # Sizes that a setting is about are left to it.
    small = [] if "--config" in words else SMALL
    return [*words[:3], *small, *words[3:], *out]


def check(ended: Ended, said: str) -> None:
    mistake = ended.mistake
    assert said in mistake
    assert FOUR_PARTS.fullmatch(mistake), mistake
    assert not PYTHON.search(mistake), mistake


@pytest.mark.parametrize(("command", "said"), CASES)
def test_bad_input_is_answered_in_one_line(
    command: str, said: str, freerun: CommandLine, here: Path
) -> None:
    check(freerun(*arguments_of(command)), said)


@pytest.mark.parametrize(
    ("command", "said"), [TRAIN[0], TRAIN[27], EVALUATE[12], GO_ON[7], RUNS_THAT_ARE_BROKEN[6]]
)
def test_and_so_it_is_in_a_process(command: str, said: str, here: Path) -> None:
    check(in_a_process(*arguments_of(command)), said)


def test_what_is_good_is_taken(
    freerun: CommandLine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the bad input differs from: the table refuses nothing that can be used."""
    monkeypatch.chdir(folder)
    for name in RUNS:
        assert freerun("info", name).code == 0
    for command in ("forecast later.csv", "classify", "label", "regress", "text", "arrays"):
        assert freerun("evaluate", *command.split()).code == 0
    out = tmp_path / "out.csv"
    assert freerun(*RUN.split(), "--inputs", "ahead.csv", "--out", out).code == 0
    assert len(out.read_text().splitlines()) == 1 + 2 * 3


@pytest.mark.parametrize("lags", [3, 7, 30])
def test_any_lags_go_with_any_season(
    lags: int, freerun: CommandLine, folder: Path, tmp_path: Path
) -> None:
    """Days have a season of 7: no linear forecast takes differences over more than its lags."""
    command = ["train", "forecast", folder / "sales.csv", "--target", "units", "--quiet"]
    ended = freerun(*command, "--output-lags", lags, "--out", tmp_path / "run")
    assert ended.code == 0, ended.err


def test_short_series_are_said_to_be_left_out(freerun: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(sales(40, "a") + sales(9, "b").split("\n", 1)[1])
    command = ["train", "forecast", file, "--target", "units", "--window", "20", *SMALL[:4]]
    said = f"{file}: 1 of 2 series have fewer steps than the window of 20 and are not trained on"
    assert said in freerun(*command, "--out", tmp_path / "run").err


def test_gaps_of_a_series_with_one_class_can_be_filled(tmp_path: Path) -> None:
    def change(_: int, row: list[object]) -> list[object] | None:
        return None if row[1] == 3 else row

    file = tmp_path / "cases.csv"
    file.write_text(cases(change=change))
    with pytest.raises(fr.DataError, match="must go on by 1"):
        fr.read(file, "kind", task="classify", time="step")
    for missing in ("mask", "interpolate"):
        table = fr.read(file, "kind", task="classify", time="step", missing=missing)
        assert table.sequences.lengths.tolist() == [6] * 12
        assert table.sequences.labels is not None
        assert table.sequences.labels.tolist() == [0, 1] * 6


def test_whole_numbers_in_arrays_are_what_the_task_says(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.arange(60) % 7)
    assert fr.read(tmp_path / "y.npy").schema.task == "label"
    read = fr.read(tmp_path / "y.npy", task="forecast")
    assert read.schema.task == "forecast"
    assert fr.read(tmp_path / "y.npy", schema=read.schema).sequences.output_size == 1


def test_times_of_several_series_are_in_the_json(
    freerun: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    found = freerun(*RUN.split(), "--inputs", "ahead.csv", "--json").object
    assert found["times"] == [["2024-02-10", "2024-02-11", "2024-02-12"]] * 2
