# A virtual environment with the packages of the lock, hashes checked, that the
# image takes over as it is.
FROM python:3.13-slim-trixie AS builder
RUN python -m venv /opt/pipenv \
    && /opt/pipenv/bin/python -m pip install --no-cache-dir 'pipenv~=2026.10'
WORKDIR /app
ENV PIPENV_VENV_IN_PROJECT=1 PIPENV_NOSPIN=1
COPY Pipfile Pipfile.lock scripts/image-packages ./


FROM builder AS packages
# With Chinese and Japanese for the second reader, with traces, and with durable jobs, too:
#   --build-arg CATEGORIES="packages warm second-reader codes ideographs traces jobs"
ARG CATEGORIES="packages warm second-reader codes"
RUN ./image-packages "$CATEGORIES"


FROM builder AS light-packages
RUN ./image-packages packages


FROM python:3.13-slim-trixie AS base
LABEL org.opencontainers.image.title="ocr-server" \
      org.opencontainers.image.description="Reads pictures and PDFs with Tesseract, over HTTP" \
      org.opencontainers.image.licenses="MIT"

# Further languages by their Tesseract names, or all of them:
#   --build-arg LANGUAGES="deu chi_sim"
ARG LANGUAGES=""
# With a voice for format=audio, of 12 MB: --build-arg SPEECH=yes
ARG SPEECH=""
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        tini libseccomp2 liblapack3 tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd \
        ${SPEECH:+espeak-ng} \
        ${LANGUAGES:+$(printf 'tesseract-ocr-%s\n' $LANGUAGES | tr _ -)} \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/* \
    && python -m pip uninstall -y --root-user-action=ignore setuptools wheel pip \
    && rm -rf /usr/local/lib/python3*/ensurepip

WORKDIR /app
COPY ocr_server ocr_server
COPY templates templates
COPY LICENSE ./
# Compiled here, as the image is read-only where it runs.
RUN python -m compileall -q --invalidation-mode unchecked-hash ocr_server

# For the volume of durable jobs, which takes over the mode.
RUN install -d -m 1777 /var/lib/ocr

# Nothing is written but to /tmp, and no file belongs to the user, so that any
# other numeric user may run it as well.
ENV PATH=/app/.venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 OCR_HOST=0.0.0.0 OCR_PORT=8080
USER 10001:0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os, ssl, sys; a = ('127.0.0.1', int(os.environ['OCR_PORT'])); c = h.HTTPSConnection(*a, timeout=4, context=ssl._create_unverified_context()) if os.environ.get('OCR_TLS_CERT') else h.HTTPConnection(*a, timeout=4); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "ocr_server", "serve"]


# Tesseract as a program alone, without the second reader: docker build --target light .
FROM base AS light
COPY --from=light-packages /app/.venv .venv
# Fails where OpenCV lacks a library of the system.
RUN ["python", "-Bc", "import cv2"]


FROM base AS full
COPY --from=packages /app/.venv .venv
RUN ["python", "-Bc", "import cv2"]


# With eleven more languages: docker build --target twelve-languages .
FROM full AS twelve-languages
USER 0
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        tesseract-ocr-ara tesseract-ocr-chi-sim tesseract-ocr-deu tesseract-ocr-fra \
        tesseract-ocr-ita tesseract-ocr-jpn tesseract-ocr-jpn-vert tesseract-ocr-nld \
        tesseract-ocr-pol tesseract-ocr-por tesseract-ocr-rus tesseract-ocr-spa \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/*
USER 10001:0


# The name that the image of two readers had before it was the default; gone after 0.2.
FROM full AS second-reader


FROM full
