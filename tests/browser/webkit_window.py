#!/usr/bin/python3
"""A bare window of WebKitGTK for WebKitWebDriver, which takes this file for the browser's program.

It runs with the system's Python, as that has GTK. `WEBKIT_PRELOAD` names a file with a script that
runs in each page before the page's own. What pages keep lies in `HOME`.
Unlike MiniBrowser it has the focus without a window manager, and no page is left without that
script.
"""

from __future__ import annotations

import os
from pathlib import Path

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gdk, Gtk, WebKit2  # noqa: E402  # after the versions


def open_window(context: WebKit2.WebContext) -> WebKit2.WebView:
    """Show a view that runs the script, in a window that has the focus."""
    manager = WebKit2.UserContentManager()
    script = Path(os.environ["WEBKIT_PRELOAD"]).read_text(encoding="utf-8")
    frames = WebKit2.UserContentInjectedFrames.ALL_FRAMES
    at_start = WebKit2.UserScriptInjectionTime.START
    manager.add_script(WebKit2.UserScript.new(script, frames, at_start, None, None))
    view = WebKit2.WebView(
        web_context=context, is_controlled_by_automation=True, user_content_manager=manager
    )
    view.get_settings().set_property("enable-media-stream", True)
    window = Gtk.Window(decorated=False, default_width=1280, default_height=860)
    window.add(view)
    window.connect("destroy", Gtk.main_quit)
    window.show_all()
    view.grab_focus()
    window.get_window().focus(Gdk.CURRENT_TIME)
    return view


def begin(context: WebKit2.WebContext, session: WebKit2.AutomationSession) -> None:
    """Tell the driver who is steered, and give it a window when it asks for one."""
    info = WebKit2.ApplicationInfo()
    info.set_name("webkit-window")
    info.set_version(*(WebKit2.get_major_version(), WebKit2.get_minor_version(), 0))
    session.set_application_info(info)
    session.connect("create-web-view", lambda _session: open_window(context))


def main() -> None:
    """Wait for the driver until the window is closed."""
    home = Path(os.environ["HOME"])
    manager = WebKit2.WebsiteDataManager(
        base_data_directory=str(home / "data"), base_cache_directory=str(home / "cache")
    )
    context = WebKit2.WebContext.new_with_website_data_manager(manager)
    context.set_automation_allowed(True)
    context.connect("automation-started", begin)
    Gtk.main()


main()
