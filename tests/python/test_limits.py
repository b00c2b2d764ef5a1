"""Large requests and answers pass whole: nothing is cut, nothing is reordered."""

import base64
import random

import pytest
from harness import text_of, user

MEBIBYTE = 1 << 20

#: Every position is different, so that a piece lost, doubled or moved shows; characters of two to four bytes make
#: pieces end in the middle of one.
PROMPT = " ".join(f"{number:06}-ü-€-🚢" for number in range(60_000))


def answer(client, content, stream, model="gpt-4"):
    if not stream:
        return client.chat.completions.create(model=model, messages=user(content)).choices[0].message.content
    with client.chat.completions.create(model=model, messages=user(content), stream=True) as chunks:
        return text_of(list(chunks))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_prompt_of_a_mebibyte_passes(client, stream):
    assert len(PROMPT.encode()) >= MEBIBYTE
    text = answer(client, PROMPT, stream)
    # Not `==` in the assertion: explaining a difference between two such texts takes minutes.
    same = text == f"You said: {PROMPT}"
    assert same, f"{len(text)} characters came back"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_inline_image_of_a_mebibyte_passes(client, stream):
    image = base64.b64encode(random.Random(7).randbytes(MEBIBYTE)).decode()
    parts = [
        {"type": "text", "text": "big picture"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
    ]
    assert answer(client, parts, stream).startswith(f"I see 1 image(s) of {MEBIBYTE} bytes. ")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_answer_of_a_mebibyte_passes(client, stream):
    text = answer(client, "a lot, please", stream, model="mock-big-1048576")
    assert len(text.encode()) == MEBIBYTE
