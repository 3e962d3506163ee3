#!/usr/bin/env python3
"""Opens a page of `vared-train report` in a headless Chromium and looks at it as a person would.

usage: scripts/check_report.py CHROMIUM report.html [FOLDER for screenshots]

Fails on: an error or a warning on the console, any request but the page's own, a script that a name
brought along, a picture without a text alternative, text with too little contrast (WCAG 2.1 AA), in
light and in dark; a page wider than a phone; sorting and filtering that do not work by keyboard.
Talks to Chromium through its debugging pipe.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CONTRAST = """(() => {
  function rgb(text) {
    const n = text.match(/[\\d.]+/g).map(Number);
    return n.length < 4 ? [...n, 1] : n;
  }
  function over(top, below) {
    return [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  }
  function light(c) {
    const f = c.slice(0, 3).map(
      v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2];
  }
  function background(element) {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      layers.push(rgb(getComputedStyle(e).backgroundColor));
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  }
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.getClientRects().length) continue;
    if (element.closest("script")) continue;
    const style = getComputedStyle(element);
    const below = background(element);
    const ink = over(rgb(element.closest("svg") ? style.fill : style.color), below);
    const [a, b] = [light(ink), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
  }
  return [...new Set(poor)].slice(0, 10);
})()"""

ALTERNATIVES = """(() => [...document.querySelectorAll("img, svg, [role=img]")]
  .filter(e => !(e.getAttribute("alt") || e.getAttribute("aria-label") || "").trim())
  .map(e => e.outerHTML.slice(0, 80)))()"""


class Browser:
    """A headless Chromium, with the numbered messages of its debugging pipe."""

    def __init__(self, program):
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()
        self.profile = tempfile.TemporaryDirectory()

        def take_pipes():
            # Chromium reads file 3 and writes file 4.
            os.dup2(to_read, 103)
            os.dup2(to_write, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--hide-scrollbars", "--disable-dev-shm-usage", "--disable-background-networking",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=take_pipes, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None

    def message(self):
        while b"\0" not in self.buffer:
            read = os.read(self.into, 1 << 20)
            if not read:
                sys.exit("report: Chromium ended")
            self.buffer += read
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"report: {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, event):
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.message())

    def value(self, script):
        result = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"report: {result['exceptionDetails']}")
        return result["result"].get("value")

    def key(self, name, code, text=""):
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if kind == "keyDown" and text else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode=code, **typed)

    def close(self):
        self.call("Browser.close")
        self.process.wait(30)


def expect(is_right, what):
    if not is_right:
        sys.exit(f"report: error: {what}")


def check_names(browser):
    """Names are text, whatever is in them."""
    expect(browser.value("document.scripts.length") == 1, "a script that is not the page's own")
    handlers = """[...document.querySelectorAll("*")].filter(e => [...e.attributes]
      .some(a => a.name.startsWith("on"))).length"""
    expect(browser.value(handlers) == 0, "an attribute that is a script")
    expect(browser.value("window.alerted === undefined"), "a name ran as a script")


def check_keyboard(browser):
    """Tab reaches a heading's button, Enter sorts; a letter filters; arrows choose."""
    first = """[...document.querySelectorAll("table.sortable")]
      .find(t => t.tBodies[0].rows.length > 1)"""
    browser.value(f"{first}.querySelector('th:last-child button').focus()")
    before = browser.value("document.activeElement.tagName")
    expect(before == "BUTTON", f"a heading's button takes no focus ({before})")
    order = f"""[...{first}.tBodies[0].rows]
      .map(r => parseFloat(r.cells[r.cells.length - 1].textContent))"""
    browser.key("Enter", 13, "\r")
    up = browser.value(order)
    expect(up == sorted(up), f"Enter does not sort: {up}")
    browser.key("Enter", 13, "\r")
    expect(browser.value(order) == sorted(up, reverse=True), "Enter again does not sort downwards")
    if not browser.value("!!document.querySelector('.controls')"):
        return
    shown = """[...document.querySelectorAll(".card")]
      .filter(c => c.getClientRects().length).length"""
    every = browser.value(shown)
    browser.value("document.querySelector('[data-control=find]').focus()")
    for letter in "qqq":
        browser.key(letter, ord(letter.upper()), letter)
    expect(browser.value(shown) == 0, "what is typed does not filter")
    for _ in "qqq":
        browser.key("Backspace", 8)
    expect(browser.value(shown) == every, "clips do not come back")
    means = """[...document.querySelectorAll(".clips")][0].querySelectorAll(".category")"""
    means = f"[...{means}].map(c => Number(c.dataset.mean))"
    browser.value("document.querySelector('[data-control=sort]').focus()")
    browser.key("ArrowDown", 40)
    found = browser.value(means)
    expect(found == sorted(found, reverse=True), f"the arrow key does not sort: {found}")
    browser.key("ArrowUp", 38)


def check_look(browser, folder):
    """Light, dark and a phone: contrast, alternatives, width; a screenshot of each."""
    nameless = browser.value(ALTERNATIVES)
    expect(not nameless, f"without a text alternative: {nameless}")
    for name, scheme, width, scale in [
            ("light", "light", 1280, 1), ("dark", "dark", 1280, 1), ("phone", "light", 390, 2)]:
        browser.call("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                     deviceScaleFactor=scale, mobile=name == "phone")
        poor = browser.value(CONTRAST)
        expect(not poor, f"{name}: too little contrast: {poor}")
        wide = browser.value("document.documentElement.scrollWidth")
        expect(wide <= width, f"{name}: the page is {wide} pixels wide")
        if folder:
            size = browser.call("Page.getLayoutMetrics")["cssContentSize"]
            height = min(size["height"], 12000)
            clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
            shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
            (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def main(program, page, folder=None):
    if folder:
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
    browser = Browser(program)
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
    browser.session = attached["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(f"{domain}.enable")
    script = "window.alert = () => { window.alerted = true; }"
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
    url = pathlib.Path(page).resolve().as_uri()
    browser.call("Page.navigate", url=url)
    browser.wait("Page.loadEventFired")
    check_names(browser)
    check_keyboard(browser)
    check_look(browser, folder)
    spoken = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    said = [e["params"] for e in browser.events if e.get("method") in spoken]
    expect(not said, f"on the console: {said}")
    asked = {e["params"]["request"]["url"] for e in browser.events
             if e.get("method") == "Network.requestWillBeSent"}
    outside = [u for u in asked if u != url and not u.startswith("data:")]
    expect(not outside, f"requests: {outside}")
    browser.close()
    print(f"report: {page} is sound")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
