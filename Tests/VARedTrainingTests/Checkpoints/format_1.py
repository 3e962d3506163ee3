#!/usr/bin/env python3
"""Turns a checkpoint of format 2 into what format 1 was: no stage, no memory of the cost's weight,
and settings without those that came with format 2.

usage: format_1.py FORMAT_2.h5 FORMAT_1.h5        (needs h5py)
"""
import shutil
import struct
import sys

import h5py

BLOCK = 512
LATER = {
    "motion-energy", "target-ratio", "cost-form", "cost-kappa", "cost-confidence", "cost-power",
    "cost-ramp", "warmup-share", "warmup-sampling", "finetune-share", "policy",
}


def seal(path):
    """The checksum of FileSeal.swift, over the 64-bit words that follow the user block."""
    data = open(path, "rb").read()[BLOCK:]
    total = 0xCBF29CE484222325
    for (word,) in struct.iter_unpack("<Q", data + b"\0" * (-len(data) % 8)):
        total = (total ^ word) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    text = "vared-train sealed file\n"
    text += f"fnv1a-64 over {len(data)} bytes from {BLOCK}: {total:x}\n"
    with open(path, "r+b") as file:
        file.write(text.encode().ljust(BLOCK, b"\0"))


def main(source, target):
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        lines = file.attrs["config"].split("\n")
        file.attrs.modify("config", "\n".join(l for l in lines if l.split(":")[0] not in LATER))
        file.attrs.modify("format_version", 1)
        del file.attrs["stage"]
        del file["training/cost_steering"]
    seal(target)


main(*sys.argv[1:])
