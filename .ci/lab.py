"""What the extra `lab` is for: a page opened, a question answered, and Ctrl-C."""

import json
import re
import signal
import subprocess
import sys
import urllib.request

from websockets.sync.client import connect

QUESTION = {"ask": "population", "experiment": {"network": {"widths": "2-3-1"}, "epochs": 20}, "seeds": 8}

command = [sys.executable, "-m", "trainlab", "serve", "--port", "0", "--no-open", "--workers", "1"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
    line = lab.stdout.readline()
    host = re.search(r"http://([^/]+)/", line)[1]
    assert b"<title>" in urllib.request.urlopen(f"http://{host}/").read()
    with connect(f"ws://{host}/socket", origin=f"http://{host}", max_size=None) as socket:
        socket.send(json.dumps({"id": 1, "lane": "answer", "question": QUESTION}))
        frame = socket.recv(timeout=300)
        assert b'"kind":"population"' in frame, frame[:300]
    lab.send_signal(signal.SIGINT)
    assert lab.wait(10) == 130
