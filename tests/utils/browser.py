"""A real browser without a window, driven through its DevTools protocol: just what the tests of the site need."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any, Self

from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 30  # seconds: the machine may be busy
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
# The middle of an element, once it stands still and nothing lies over it: styles and fonts move what is below them.
STEADY = """(async () => {
    const each = FOUND;
    let last = "";
    for (let turn = 0; turn < 100; turn++) {
        each.scrollIntoView({block: "center", behavior: "instant"});
        const box = each.getBoundingClientRect();
        const place = [box.x + box.width / 2, box.y + box.height / 2];
        const hit = document.elementFromPoint(...place);
        if (String(place) == last && hit && (each.contains(hit) || hit.contains(each))) return place;
        last = String(place);
        await new Promise(done => setTimeout(done, 50));
    }
    throw new Error("it never stands still, or something lies over it");
})()"""


class BrowserError(Exception):
    """The browser did not start, did not answer, or says that it cannot do what it was told."""


def installed() -> str | None:
    """Return the path of a browser of this machine; `HERMETIC_BROWSER` goes first."""
    named = os.environ.get("HERMETIC_BROWSER")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One running browser with one page. Use it in a `with` statement, so that it ends."""

    def __init__(self, program: str, profile: Path) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._happened: list[str] = []
        self._sent = 0
        self._held = contextlib.ExitStack()
        self._process = subprocess.Popen(
            [program, *options(profile)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            self._socket: ClientConnection = self._held.enter_context(
                connect(address(self._process, profile), max_size=None, proxy=None)
            )
            target = self._call("Target.createTarget", {"url": "about:blank"}, "")["targetId"]
            self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True}, "")["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                self.send(f"{domain}.enable")
        except BaseException:
            self._process.kill()
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._call("Browser.close", {}, "")
        finally:
            self._end()

    def _end(self) -> None:
        self._held.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to the page and return its result. Raises BrowserError when the browser refuses."""
        return self._call(method, parameters, self._session)

    def _call(self, method: str, parameters: dict[str, Any], session: str) -> dict[str, Any]:
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = self._receive()
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=PATIENCE))
        if name := message.get("method"):
            self._note(name, message["params"])
        return message

    def _note(self, name: str, event: dict[str, Any]) -> None:
        """Keep what a test may ask for later."""
        self._happened.append(name)
        if name == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif name == "Runtime.exceptionThrown":
            details = event["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif name == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(item.get("value", item.get("description"))) for item in event["args"]))
        elif name == "Log.entryAdded" and event["entry"]["level"] == "error":
            self.errors.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")

    def go(self, url: str) -> None:
        """Open a page and wait until it has loaded, with its scripts."""
        self._happened.clear()
        failed = self.send("Page.navigate", url=url).get("errorText")
        if failed:
            raise BrowserError(f"{url}: {failed}")
        while "Page.loadEventFired" not in self._happened:
            self._receive()

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression; a promise is awaited. Raises BrowserError when it throws."""
        answer = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(answer["exceptionDetails"].get("exception", {}).get("description", script))
        return answer["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until an expression is true. Raises BrowserError when it never is."""
        deadline = time.monotonic() + PATIENCE
        while not self.holds(script):
            if time.monotonic() > deadline:
                raise BrowserError(f"never true: {script}")
            time.sleep(0.05)

    def holds(self, script: str) -> bool:
        """Tell whether an expression is true; while one page gives way to the next, nothing is."""
        try:
            return bool(self.run(f"Boolean({script})"))
        except BrowserError as error:
            if "navigated or closed" in str(error) or "context was destroyed" in str(error):
                return False
            raise

    def click(self, selector: str) -> None:
        """Click in the middle of the first visible element that a CSS selector finds, as a mouse does."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})].find(each => each.offsetParent)"
        self.until(f"document.readyState == 'complete' && {found}")
        place = self.run(STEADY.replace("FOUND", found))
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key: one of `KEYS`, or a character."""
        code = KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def type(self, text: str) -> None:
        """Type where the focus is, in place of what is there; the last character by its key: pages listen to keys."""
        self.run("document.activeElement.select()")
        self.send("Input.insertText", text=text[:-1])
        self.press(text[-1])

    def size(self, width: int, height: int = 800) -> None:
        """Give the page the size of a screen, in CSS pixels; a narrow one counts as a phone."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, scheme: str) -> None:
        """Prefer light or dark pages, as the system of a reader does."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def allow_clipboard(self, origin: str) -> None:
        """Let pages of a site read and write the clipboard."""
        permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"]
        self._call("Browser.grantPermissions", {"origin": origin.rstrip("/"), "permissions": permissions}, "")
        self.send("Page.bringToFront")

    def forget(self, origin: str) -> None:
        """Make the next visit to a site the first one."""
        self.go("about:blank")  # a page that is open would write its settings again
        self.send("Storage.clearDataForOrigin", origin=origin.rstrip("/"), storageTypes="all")

    def picture(self, path: Path) -> None:
        """Write what is seen to a PNG file."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


def options(profile: Path) -> list[str]:
    """Return the options of a browser that asks nobody anything and keeps to itself."""
    own = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []  # root has no sandbox
    return [
        *own,
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--disable-gpu",
        "--disable-sync",
        "--metrics-recording-only",
        "--no-default-browser-check",
        "--no-first-run",
        "about:blank",
    ]


def address(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Wait for the file in which a browser says where it listens; return the address of its socket."""
    file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + PATIENCE
    while not (file.exists() and len(lines := file.read_text(encoding="utf-8").splitlines()) > 1):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BrowserError(f"the browser did not start (exit code {process.poll()})")
        time.sleep(0.05)
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
