# What the scripts share: each function brings one thing that is needed, and is
# quick when it is already there. Sourced with the repository as the directory.
# shellcheck shell=bash

# The packages live in .venv, whatever environment the caller has active.
export PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 PIPENV_PIPFILE="$PWD/Pipfile"
export PIPENV_NOSPIN=1 PIPENV_VERBOSITY=-1 LANG="${LANG:-C.UTF-8}"
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
# Compiled modules are kept: else each process compiles this server anew (0.4 s of a processor), and
# each worker of pytest all tests (8 s).
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Run a command as root, if that is possible without a question.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Install Debian packages; return 1 where that is impossible.
apt_install() {
    command -v apt-get >/dev/null || return 1
    as_root true || return 1
    say "installing $* with apt-get"
    # A list that cannot be renewed may still do.
    as_root apt-get -qq update </dev/null >/dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "$@" </dev/null >/dev/null
}

is_python_usable() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        if is_python_usable "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

need_python() {
    PYTHON=$(find_python) && return
    apt_install python3 python3-venv || true
    PYTHON=$(find_python) ||
        fail "Python 3.11 or newer is missing, or its venv module; install python3 and python3-venv."
}

has_tesseract() {
    local languages
    languages=$(tesseract --list-langs 2>/dev/null) &&
        grep -qx eng <<<"$languages" && grep -qx osd <<<"$languages"
}

need_tesseract() {
    has_tesseract && return
    apt_install tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd || true
    has_tesseract ||
        fail "Tesseract or its languages eng and osd are missing; install tesseract-ocr, tesseract-ocr-eng and tesseract-ocr-osd."
}

# Tests draw their pictures with DejaVu.
need_fonts() {
    local font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
    [ -e "$font" ] && return
    apt_install fonts-dejavu-core || true
    [ -e "$font" ] || fail "The font DejaVu Sans is missing; install fonts-dejavu-core."
}

# The examples for curl are run.
need_curl() {
    command -v curl >/dev/null && return
    apt_install curl || true
    command -v curl >/dev/null || fail "curl is missing; install it."
}

has_postgres() { [ -n "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ]; }

# Tests start servers of their own, as an ordinary user.
need_postgres() {
    has_postgres && return
    apt_install postgresql || true
    has_postgres || fail "PostgreSQL is missing; install postgresql, or pass --no-postgres."
}

# Playwright steers the browser through a Node.js of its own, which a slim
# system may lack a library for.
need_playwright() {
    local node
    node=$(.venv/bin/python -c 'from playwright._impl._driver import compute_driver_executable as f; print(f()[0])')
    "$node" --version >/dev/null 2>&1 && return
    apt_install libatomic1 || true
    "$node" --version >/dev/null || fail "Playwright does not start; install libatomic1."
}

has_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    # Playwright's own, downloaded earlier.
    .venv/bin/python - 2>/dev/null <<'END'
import pathlib, sys
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
END
}

# Debian's Chromium, Google Chrome or Playwright's own browser, whichever is
# there or can be had. (Ubuntu's package is a snap, which needs snapd.)
need_browser() {
    need_playwright
    has_browser && return
    if grep -qx ID=debian /etc/os-release; then
        apt_install chromium || true
    else
        say "installing Playwright's Chromium"
        as_root .venv/bin/python -m playwright install-deps chromium </dev/null >&2 || true
        .venv/bin/python -m playwright install chromium </dev/null >&2 || true
    fi
    has_browser ||
        fail "A browser is missing; install chromium or google-chrome, or pass --no-browser."
}

has_firefox() { command -v firefox-esr >/dev/null || command -v firefox >/dev/null; }

# (Ubuntu's package of Firefox is a snap, which Playwright does not start.)
need_firefox() {
    has_firefox && return
    if grep -qx ID=debian /etc/os-release; then apt_install firefox-esr || true; fi
    has_firefox || fail "Firefox is missing; install firefox-esr or Mozilla's firefox, or pass --no-firefox."
}

has_webkit() {
    command -v WebKitWebDriver >/dev/null && command -v Xvfb >/dev/null &&
        /usr/bin/python3 -c 'import gi; gi.require_version("WebKit2", "4.1")' 2>/dev/null
}

# WebKitGTK with its driver, the system's Python that opens a window for it, and a screen.
need_webkit() {
    local packages=(webkit2gtk-driver gir1.2-webkit2-4.1 python3-gi xvfb)
    has_webkit && return
    apt_install "${packages[@]}" || true
    has_webkit || fail "WebKitGTK is missing, or its driver; install ${packages[*]}, or pass --no-webkit."
}

# Pipenv has a virtual environment of its own: distributions refuse to install
# into the system's, and it must not be changed by what it installs.
pipenv() { .cache/pipenv/bin/python -m pipenv "$@"; }

need_pipenv() {
    need_python
    pipenv --version >/dev/null 2>&1 && return
    say "installing pipenv into .cache/pipenv"
    rm -rf .cache/pipenv
    "$PYTHON" -m venv .cache/pipenv
    .cache/pipenv/bin/python -m pip install --quiet --disable-pip-version-check 'pipenv~=2026.10' >&2 ||
        fail "pipenv could not be installed; see pip's words above."
}

# By module, not by the scripts in .venv/bin, which break when the folder is moved.
python() { .venv/bin/python -m "$@"; }

# Install categories of Pipfile.lock into .venv. A stamp remembers the lock and
# the Python for which that was done.
need_packages() {
    local category missing='' stamp
    if ! is_python_usable .venv/bin/python; then
        need_python
        rm -rf .venv
        "$PYTHON" -m venv .venv
    fi
    stamp="$(.venv/bin/python -V) $(sha256sum <Pipfile.lock)"
    for category in "$@"; do
        [ "$(cat ".venv/.synced-$category" 2>/dev/null)" = "$stamp" ] || missing+=" $category"
    done
    [ -n "$missing" ] || return 0

    need_pipenv
    say "installing the packages of Pipfile.lock into .venv"
    pipenv --quiet sync --categories "${missing# }" </dev/null >&2 ||
        fail "the packages could not be installed; see pipenv's words above."
    for category in $missing; do
        printf '%s\n' "$stamp" >".venv/.synced-$category"
    done
}

# All of the Pipfile, which checks and tests need.
CATEGORIES=(
    packages warm second-reader ideographs codes office station jobs buckets mcp traces audit
    dev-packages
)
need_all_packages() { need_packages "${CATEGORIES[@]}"; }
