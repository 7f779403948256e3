"""What a chat with a model that only transcribes is read from: the pictures of its last message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ocr_server.deadline import Deadline
from ocr_server.errors import InvalidOptions
from ocr_server.job import ReadOptions, Source
from ocr_server.web.body import decoded_image
from ocr_server.web.compat.adapter import USUAL_STATUS, ErrorKind, job_of, read_job, rendered
from ocr_server.web.context import service
from ocr_server.web.json_body import Value

ONLY_TRANSCRIBES = (
    "This model only transcribes: send a picture or PDF as base64. It follows no instructions, "
    "calls no tools and fetches nothing."
)

# Clients send 408, 409, 429 and 5xx again.
STATUS = {**USUAL_STATUS, ErrorKind.DOCUMENT: 400, ErrorKind.SPENT: 400}


def last_message(messages: Value) -> dict[str, Value]:
    """The last message of a user: those before it were answered in their time.

    Raises:
        InvalidOptions: there is none.
        ValueError: this is no list of messages; the message is for the client.
    """
    for message in reversed(messages.items()):
        members = message.members()
        if "role" in members and members["role"].parsed() == "user":
            return members
    raise InvalidOptions(ONLY_TRANSCRIBES)


def decoded(pictures: Iterable[Value]) -> Iterator[Source]:
    """The files in texts of base64 or data URLs.

    Raises:
        InvalidOptions: one is an address, or none.
    """
    for picture in pictures:
        try:
            yield decoded_image(picture)
        except ValueError as error:
            raise InvalidOptions(f"{ONLY_TRANSCRIBES} ({error})") from error


def transcribed(sources: tuple[Source, ...]) -> str:
    """The Markdown of the files, one after the other.

    Raises:
        InvalidOptions: there is no file.
        OcrServerError: one of them could not be read.
    """
    if not any(source.size_bytes for source in sources):
        raise InvalidOptions(ONLY_TRANSCRIBES)
    here = service()
    reading = ReadOptions(languages=here.settings.languages)
    deadline = Deadline.after(here.settings.timeout_s)
    with here.admission.admit():
        texts = [
            rendered(read_job(job_of(one, reading, timeout_s=deadline.left_s())), "markdown")
            for one in sources
        ]
    return "\n\n".join(text.strip() for text in texts)
