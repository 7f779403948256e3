"""The errors that callers see.

    OcrServerError
    ├── SettingsError              a setting is not understood; the program does not start
    ├── AddressUnavailable         host and port cannot be listened on; the program does not start
    ├── StationError               a station cannot work as its command line says
    ├── RequestError               the request itself is wrong
    │   ├── InvalidOptions         options or fields, all faults at once
    │   ├── BodyTooLarge           more bytes than the limit
    │   ├── TooSlow                a request that comes in too slowly
    │   ├── ForeignHost            a request for another host
    │   ├── CrossSite              a browser sends it for a page of another site
    │   ├── LanguageMissing        a language that is not installed
    │   ├── EngineUnavailable      an engine that is not installed
    │   ├── CodesUnavailable       bar codes, where what reads them is not installed
    │   ├── FormatUnavailable      an answer that cannot be made from what was sent
    │   ├── TableMissing           a format of tables for a document without one
    │   ├── JobMissing             a durable job that is not there, or another's
    │   ├── JobGone                a durable job that was forgotten
    │   ├── JobNotDone             a durable job whose pages are not all read
    │   ├── JobsOff                this server keeps no jobs
    │   ├── PairingMissing         a phone whose desk is not there, or a desk whose phone is not
    │   ├── UploadConflict         a piece of a file that is not the next one
    │   ├── UploadVersion          an upload by another version of the protocol
    │   ├── IdempotencyConflict    an Idempotency-Key that was used for another request
    │   ├── KeyMissing             this server requires a key, and none was sent
    │   └── KeyWrong               a key that is not one of this server's
    ├── DocumentError              what was sent cannot be read
    │   ├── UnsupportedFormat      not a picture or PDF this server opens
    │   ├── DamagedPicture         the right kind of file, broken
    │   ├── EncryptedDocument      a PDF that wants a password
    │   ├── SignedDocument         a PDF whose signatures the answer would break
    │   ├── NoText                 pages on which nothing is read, for a route that must have text
    │   ├── TooManyPixels          a page larger than the limit
    │   ├── TooManyPages           a document longer than the limit
    │   ├── PageMissing            a page number the document does not have
    │   ├── OutOfMemory            a page that needs more memory than a worker may use
    │   ├── TooManyWords           a page has more words than the limit
    │   ├── AnswerTooLarge         the rendered document has more bytes than the limit
    │   └── EndsProcess            the file has ended two processes that opened it
    ├── EngineError                the engine did not do its work
    │   ├── EngineMissing          Tesseract is not installed
    │   ├── EngineFailed           Tesseract ended with an error
    │   └── WorkerLost             the process that read the page died
    └── LoadError                  the server cannot do it now
        ├── QueueFull              too many requests wait already
        ├── TooManyJobs            too many pages or bytes of durable jobs wait already
        ├── JobsUnavailable        the place where jobs are kept cannot be reached
        ├── TooManyConnections     too many connections are open already
        ├── Draining               the server is shutting down
        ├── StorageFull            the temporary folder is full or read-only
        ├── ServerOutOfMemory      the server process has reached its limit of memory
        ├── NoWorker               no process that reads pages can be started
        ├── ClientGone             the client has closed the connection
        └── DeadlinePassed         the time allowed is over, and the work was stopped

The message says what was wrong, what was expected and what to do. `code` never changes; the
numbers of the message stand in `extra`. `STATUS` in `web/problems.py` has the HTTP status of each.
"""

from __future__ import annotations

import json
import os
import re
from typing import ClassVar, TypeAlias

# Of a message or a list, as JSON: an answer is never much longer than what it refuses.
MOST_TOLD_BYTES = 6000

_SENTENCE_BEGINS = re.compile(r"(?<=\.) (?=[A-Z])")
# The last choice in a sentence about what to do: only the operator can change a setting.
_SETTING = re.compile(r"\bOCR_[A-Z]{2}")
_OPERATORS_CHOICE = re.compile(rf", or [^.;]*?{_SETTING.pattern}[A-Z_]*[^.;]*")

Extra: TypeAlias = "str | int | float | list[str] | list[int] | list[dict[str, str]] | None"


class OcrServerError(Exception):
    """The base of every error that callers see."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, **extra: Extra) -> None:
        super().__init__(_shortened(message))
        self.extra = {name: _shortened(value) for name, value in extra.items()}

    @property
    def message(self) -> str:
        """What was wrong, what was expected and what to do."""
        return str(self.args[0])

    @property
    def client_message(self) -> str:
        """The message without what only the operator can do, for clients of other services."""
        sentences = _SENTENCE_BEGINS.split(_OPERATORS_CHOICE.sub("", self.message))
        kept = (one for one in sentences if not _SETTING.search(one))
        return " ".join(kept) or f"{self.title}."


def _shortened(value: Extra) -> Extra:
    """The beginning of a text or list that is too long to be told."""
    while isinstance(value, str | list) and len(json.dumps(value)) > MOST_TOLD_BYTES:
        value = value[: len(value) * 3 // 4]
    return value


class SettingsError(OcrServerError):
    """A setting is not understood; the program does not start."""

    code = "settings"
    title = "A setting is not understood"


class AddressUnavailable(OcrServerError):
    """Host and port cannot be listened on; the program does not start."""

    code = "address-unavailable"
    title = "The address cannot be listened on"

    @classmethod
    def of(cls, host: str, port: int, error: Exception, *, how: str) -> AddressUnavailable:
        """Why the system refused, and `how` another address is chosen."""
        number = getattr(error, "errno", None) or 0
        # Python adds the address to the text of some.
        reason = os.strerror(number) if number > 0 else str(error).rstrip(".")
        return cls(f"Cannot listen on {host}:{port}: {reason}. {how}", port=port)


class StationError(OcrServerError):
    """A station cannot work as its command line says."""

    code = "station"
    title = "The station cannot work"


class RequestError(OcrServerError):
    """The request itself is wrong."""

    code = "bad-request"
    title = "The request is not understood"


class InvalidOptions(RequestError):
    """Options or fields are wrong; all faults are in `extra["faults"]`.

    Where the message is of one `field`, it is its fault, too.
    """

    code = "invalid-options"
    title = "Some options are not understood"

    def __init__(self, message: str, *, field: str = "", **extra: Extra) -> None:
        faults: dict[str, Extra] = {"faults": [{"field": field, "message": message}]}
        super().__init__(message, **(faults if field else {}), **extra)


class BodyTooLarge(RequestError):
    """The request has more bytes than the limit."""

    code = "body-too-large"
    title = "The file is too large"


class TooSlow(RequestError):
    """The request came in more slowly than it may."""

    code = "request-timeout"
    title = "The request came too slowly"


class ForeignHost(RequestError):
    """The request is for a host name under which this server is not reached."""

    code = "foreign-host"
    title = "This server does not have that name"


class CrossSite(RequestError):
    """A browser sends the request for a page of another site."""

    code = "cross-site"
    title = "Pages of other sites may not use this server"


class LanguageMissing(RequestError):
    """A requested language is not installed."""

    code = "language-missing"
    title = "A language is not installed"


class EngineUnavailable(RequestError):
    """The requested engine is not installed."""

    code = "engine-unavailable"
    title = "The engine is not installed"


class CodesUnavailable(RequestError):
    """Codes are asked for, and the package that reads them is not installed."""

    code = "codes-unavailable"
    title = "Bar codes cannot be read here"


class FormatUnavailable(RequestError):
    """The format cannot be made from what was sent."""

    code = "format-unavailable"
    title = "The format cannot be made from this"


class TableMissing(RequestError):
    """The format is made of tables, and there is none."""

    code = "table-missing"
    title = "The document has no table"


class JobMissing(RequestError):
    """There is no such job, or it is of another API key."""

    code = "job-missing"
    title = "There is no such job"


class JobGone(RequestError):
    """The job was forgotten, with all that was read."""

    code = "job-gone"
    title = "The job was forgotten"


class JobNotDone(RequestError):
    """Not all pages of the job are read."""

    code = "job-not-done"
    title = "The job is not done"


class JobsOff(RequestError):
    """This server keeps no jobs."""

    code = "jobs-off"
    title = "This server keeps no jobs"

    @classmethod
    def of_setting(cls) -> JobsOff:
        """The error of a server without `OCR_JOBS`."""
        return cls(
            "This server keeps no jobs. Send the document to /v1/documents, or have the operator "
            "name a place for jobs in OCR_JOBS.",
            setting="OCR_JOBS",
        )


class PairingMissing(RequestError):
    """There is no such pairing of a phone with a desk: it was never there, or has ended."""

    code = "pairing-missing"
    title = "Phone and desk are not connected"

    @classmethod
    def of_token(cls) -> PairingMissing:
        """The error of a phone that names no token that holds."""
        return cls(
            "This code was used already, or is older than ten minutes. Show a new one on the desk, "
            "and scan that."
        )

    @classmethod
    def of_phone(cls) -> PairingMissing:
        """The error of a phone whose desk has gone."""
        return cls(
            "The desk of this phone was closed, or has not been heard of for ten minutes. Show a "
            "new code there, and scan it."
        )

    @classmethod
    def of_desk(cls) -> PairingMissing:
        """The error of a desk that asks for a pairing that is none of its own."""
        return cls("The connection with the phone has ended. Show a new code, and scan it.")

    @classmethod
    def of_picture(cls, number: int) -> PairingMissing:
        """The error of a desk that asks for a picture that is not there any more."""
        return cls(
            f"Picture {number} of the phone is not there any more. Take it again.", page=number
        )


class UploadConflict(RequestError):
    """A piece of a file that is not the next one; the problem says where that begins."""

    code = "upload-conflict"
    title = "The piece is not the next one"


class UploadVersion(RequestError):
    """An upload by another version of the protocol."""

    code = "upload-version"
    title = "Another version of the protocol is needed"


class IdempotencyConflict(RequestError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency-conflict"
    title = "The key was used for another request"


class KeyMissing(RequestError):
    """This server requires a key, and none was sent."""

    code = "key-missing"
    title = "This server wants a key"


class KeyWrong(RequestError):
    """The key is not one of this server's."""

    code = "key-wrong"
    title = "The key is not known here"


class DocumentError(OcrServerError):
    """What was sent cannot be read."""

    code = "document"
    title = "The document cannot be read"


class UnsupportedFormat(DocumentError):
    """The file is not a picture or PDF that this server opens."""

    code = "unsupported-format"
    title = "Not a picture or PDF this server can read"


class DamagedPicture(DocumentError):
    """The file is of a known kind, but broken."""

    code = "damaged-picture"
    title = "The picture is damaged"


class EncryptedDocument(DocumentError):
    """The PDF requires a password, or another one."""

    code = "encrypted-document"
    title = "The document is protected by a password"


class SignedDocument(DocumentError):
    """The PDF is signed, and its signatures would not outlast what was asked for."""

    code = "signed-document"
    title = "The document is signed"


class NoText(DocumentError):
    """Nothing was read, but the route must answer with text."""

    code = "no-text"
    title = "No text was found"


class TooManyPixels(DocumentError):
    """A page has more pixels than the limit."""

    code = "too-many-pixels"
    title = "The picture is too large"


class TooManyPages(DocumentError):
    """The document has more pages than the limit."""

    code = "too-many-pages"
    title = "The document has too many pages"


class PageMissing(DocumentError):
    """The document does not have a requested page."""

    code = "page-missing"
    title = "The document does not have that page"


class OutOfMemory(DocumentError):
    """A page needs more memory than a worker may use."""

    code = "out-of-memory"
    title = "The page needs too much memory"

    @classmethod
    def of_worker(cls) -> OutOfMemory:
        """The error for a page that needs more than the memory limit of worker processes."""
        return cls(
            "The page needs more memory than a worker may use. Send a smaller one, or raise "
            "OCR_WORKER_MEMORY_BYTES.",
            setting="OCR_WORKER_MEMORY_BYTES",
        )

    @classmethod
    def of_container(cls) -> OutOfMemory:
        """The error for a page that needs more than the container has left."""
        return cls(
            "The page needs more memory than the container has: the kernel has ended the process "
            "that read it, twice. Send a smaller one, or give the container more memory or lower "
            "OCR_SLOTS.",
            setting="OCR_SLOTS",
        )


class TooManyWords(DocumentError):
    """A page has more words than the limit."""

    code = "too-many-words"
    title = "The page has too many words"

    @classmethod
    def of(cls, found: str, *, limit: int) -> TooManyWords:
        """The error for a page with more words than `limit`; `found` says what it has."""
        return cls(
            f"The page has {found}; the limit is {limit} words. Send it in parts, have its text "
            "layer left out (text_layer=ignore), or raise OCR_MAX_WORDS.",
            limit=limit,
            setting="OCR_MAX_WORDS",
        )


class AnswerTooLarge(DocumentError):
    """The rendered document has more bytes than the limit."""

    code = "answer-too-large"
    title = "The answer is too large"

    @classmethod
    def of(cls, limit: int) -> AnswerTooLarge:
        """The error for an answer with more bytes than `limit`."""
        return cls(
            f"The answer has more than {limit} bytes ({limit / 2**20:.3g} MiB). Ask for fewer "
            "pages or less detail at once, or raise OCR_MAX_ANSWER_BYTES.",
            limit=limit,
            setting="OCR_MAX_ANSWER_BYTES",
        )


class EndsProcess(DocumentError):
    """The file has ended two processes that opened it, one after the other."""

    code = "ends-process"
    title = "The file ends the process that opens it"


class EngineError(OcrServerError):
    """The engine did not do its work."""

    code = "engine"
    title = "The text could not be read"


class EngineMissing(EngineError):
    """The engine is not installed."""

    code = "engine-missing"
    title = "The OCR engine is missing"


class EngineFailed(EngineError):
    """The engine ended with an error."""

    code = "engine-failed"
    title = "The OCR engine failed"


class WorkerLost(EngineError):
    """The process that read the page died.

    `has_ended_itself`: it crashed or exited, and was not killed from outside. `has_aborted`: it
    did so by a signal by which libraries give up.
    """

    code = "worker-lost"
    title = "The process that read the page died"
    has_ended_itself = has_aborted = False


class LoadError(OcrServerError):
    """The server cannot do it now."""

    code = "load"
    title = "The server cannot do this now"


class QueueFull(LoadError):
    """Too many requests wait already; `extra["retry_after_s"]` says when to try again."""

    code = "queue-full"
    title = "The server is busy"


class TooManyJobs(LoadError):
    """Too many pages or bytes of jobs wait; `extra["retry_after_s"]` says when to try again."""

    code = "too-many-jobs"
    title = "Too many jobs wait"


class JobsUnavailable(LoadError):
    """The place where jobs are kept cannot be reached."""

    code = "jobs-unavailable"
    title = "Jobs cannot be kept now"


class TooManyConnections(LoadError):
    """Too many connections are open, from one address or in all."""

    code = "too-many-connections"
    title = "Too many connections are open"


class Draining(LoadError):
    """The server is shutting down."""

    code = "draining"
    title = "The server is shutting down"


class StorageFull(LoadError):
    """The temporary folder is full or read-only."""

    code = "storage-full"
    title = "The server has no room to work"

    @classmethod
    def of_temp_dir(cls) -> StorageFull:
        """The error for a file that could not be written to the temporary folder."""
        return cls(
            "The temporary folder cannot be used: it is full or read-only, or was emptied. Try "
            "again later, or give it more room or set OCR_TEMP_DIR to another folder.",
            setting="OCR_TEMP_DIR",
        )

    @classmethod
    def of_upload(cls, size_bytes: int) -> StorageFull:
        """The error for an upload that would leave too little room for others."""
        return cls(
            f"The temporary folder has no room for an upload of {size_bytes} bytes beside those "
            "that are under way. Send it again later, or give the folder more room "
            "or set OCR_TEMP_DIR to another one.",
            setting="OCR_TEMP_DIR",
        )


class ServerOutOfMemory(LoadError):
    """The server process has reached its limit of memory; the request was given up."""

    code = "server-out-of-memory"
    title = "The server has no memory left for this"

    @classmethod
    def of_server(cls) -> ServerOutOfMemory:
        """The error of a request that was given up."""
        return cls(
            "The server process has no memory left for this request. Send it again, send less at "
            "once, or raise OCR_SERVER_MEMORY_BYTES.",
            setting="OCR_SERVER_MEMORY_BYTES",
        )

    @classmethod
    def at_start(cls) -> ServerOutOfMemory:
        """The error of a server that has too little memory to start."""
        return cls(
            "There is too little memory to start the threads of the server. Raise the limits of "
            "memory and processes (ulimit -v, -u), or lower OCR_SLOTS and OCR_QUEUE_SIZE."
        )


class NoWorker(LoadError):
    """No process that reads pages can be started."""

    code = "no-worker"
    title = "The server cannot start a process"

    @classmethod
    def of_server(cls) -> NoWorker:
        """The error while no slot has a process."""
        return cls(
            "No process that reads pages can be started: there may be no memory, or no room for "
            "one more. The server goes on trying, and its log has the reason."
        )


class ClientGone(LoadError):
    """The client has closed the connection."""

    code = "client-gone"
    title = "The client hung up"


class DeadlinePassed(LoadError):
    """The time allowed is over, and the work was stopped."""

    code = "deadline-passed"
    title = "Reading took too long"
