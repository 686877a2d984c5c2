"""Makes resize.json: images resized and cropped by Pillow as torchvision's Resize and CenterCrop do, for preprocess.test.ts.

Run with Debian's python3-pil: python3 packages/engine/test/golden/make-resize.py
The pixels are a formula that the test repeats: a smooth wave with noise from a linear congruential generator.
"""

import base64
import json
import pathlib

import PIL
from PIL import Image


def pixels(height, width, channels):
    state = 12345
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                state = (state * 1103515245 + 12345) % 2**31
                wave = (x * (c + 3) + y * 5) % 256
                data.append((wave + (state >> 16) % 64) % 256)
    return bytes(data)


def shorter_side(image, size):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    longer = int(size * long / short)
    return (size, longer) if width <= height else (longer, size)


CASES = [  # height, width, channels, resize to, crop height, crop width
    (32, 32, 3, 32, 32, 32),
    (40, 57, 3, 16, 14, 14),
    (57, 40, 3, 16, 13, 16),
    (9, 7, 3, 24, 20, 24),
    (100, 33, 3, 20, 17, 15),
    (31, 64, 1, 28, 28, 28),
    (3, 50, 1, 8, 8, 8),
    (1, 1, 3, 5, 4, 5),
    (211, 173, 3, 12, 11, 12),
    (64, 65, 3, 63, 60, 61),
]

cases = []
for height, width, channels, size, crop_height, crop_width in CASES:
    mode = "RGB" if channels == 3 else "L"
    image = Image.frombytes(mode, (width, height), pixels(height, width, channels))
    resized = image.resize(shorter_side(image, size), Image.BILINEAR)
    # torchvision.transforms.functional.center_crop
    top = int(round((resized.size[1] - crop_height) / 2.0))
    left = int(round((resized.size[0] - crop_width) / 2.0))
    cropped = resized.crop((left, top, left + crop_width, top + crop_height))
    cases.append(
        {
            "image": [height, width, channels],
            "resizeTo": size,
            "crop": [crop_height, crop_width],
            "bytes": base64.b64encode(cropped.tobytes()).decode(),
        }
    )
grey = Image.frombytes("RGB", (16, 16), pixels(16, 16, 3)).convert("L")
result = {"pillow": PIL.__version__, "cases": cases, "grey": base64.b64encode(grey.tobytes()).decode()}
path = pathlib.Path(__file__).with_name("resize.json")
path.write_text(json.dumps(result, indent=1) + "\n")
